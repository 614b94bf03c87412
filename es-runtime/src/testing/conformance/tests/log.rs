//! Recorders that are wrong with the log.

use super::super::samples::{FORGOTTEN, mark, position};
use super::fault::Fault;
use super::wrong::{Wrong, failed};
use crate::error::{Diverged, Error, ErrorKind};
use crate::id::{Mark, Slice};
use crate::recorder::*;
use crate::stored_event::StoredEvent;

impl Wrong {
    /// Returns a page of the log as this recorder shows it.
    pub(super) fn page(&self, range: &LogRange) -> Result<LogPage, Error> {
        let all = self.log();
        if let Some(mark) = range.mark() {
            self.check_mark(range, &all, mark)?;
        }
        let visible = self.visible(&all);
        let through = self.through(range, &all, &visible);
        if range.bounds().is_none() {
            let through = through.filter(|_| self.fault != Fault::TellsNothingWithoutEntries);
            return Ok(LogPage::last(Vec::new(), through));
        }
        let (mut entries, is_cut) = self.entries(range, visible);
        if self.fault == Fault::OneEntryTwice && is_cut {
            entries.extend(entries.last().cloned());
        }
        let is_short = is_cut && range.max_count().is_none_or(|most| entries.len() < most);
        let (more, mut through) = match self.fault {
            Fault::ShortPageOfTheLogIsTheEnd if is_short => (false, through),
            Fault::FullPageOfTheLogIsTheEnd if is_cut => (false, through),
            Fault::SaysMoreForEver => (true, through),
            _ if is_cut => (true, entries.last().map_or(range.mark(), |last| Some(last.mark()))),
            _ => (false, through),
        };
        match self.fault {
            Fault::CutPagesReachTooFar if is_cut => {
                let next = all.iter().find(|entry| Some(entry.position()) > through.map(Mark::position));
                through = next.map(Notification::mark).or(through);
            }
            Fault::ThroughOfTheMeant if !is_cut => {
                through = entries.last().map_or(range.mark(), |last| Some(last.mark()));
            }
            Fault::EntriesBeyondThrough if entries.len() > 1 => {
                through = entries.get(entries.len() - 2).map(Notification::mark);
            }
            _ => {}
        }
        let mut page = if more { LogPage::with_more(entries) } else { LogPage::last(entries, through) };
        page.through = through;
        Ok(page)
    }

    /// Returns the events that readers may see.
    fn visible(&self, all: &[Notification]) -> Vec<Notification> {
        let mut seen = all.iter().cloned();
        if self.fault == Fault::ThroughIsTheHighest {
            return seen.by_ref().take_while(|entry| self.is_visible(entry.position())).collect();
        }
        seen.filter(|entry| self.is_visible(entry.position())).collect()
    }

    /// Returns the mark up to which a page to the end is complete, as this recorder reports it.
    fn through(&self, range: &LogRange, all: &[Notification], visible: &[Notification]) -> Option<Mark> {
        let stop = range.stop();
        let up_to = |log: &[Notification]| {
            let place =
                |entry: &Notification| self.fault == Fault::ThroughIgnoresTheEnd || entry.position() <= stop;
            log.iter()
                .rev()
                .map(Notification::clone)
                .filter(place)
                .map(|entry| entry.mark())
                .collect::<Vec<_>>()
        };
        let places = up_to(visible);
        let newest = places.first().copied();
        let beyond = |many: usize| {
            let last = newest?;
            Some(Mark::new(position(last.position().get() + many as u64), last.commit()))
        };
        match self.fault {
            Fault::PlacesBeforeTheFirst if newest.is_none() => Some(mark(1)),
            Fault::NewestLags if range.max_count() == Some(0) => places.get(1).copied(),
            Fault::ThroughIsTheHighest => up_to(all).first().copied(),
            Fault::RefusedTakePlaces => beyond(self.conflicts.load(std::sync::atomic::Ordering::SeqCst)),
            Fault::ForgettingTakesAPlace => {
                let ids: std::collections::BTreeSet<_> = all.iter().map(|entry| entry.event.id).collect();
                beyond(ids.into_iter().filter(|id| self.is_forgotten(*id)).count())
            }
            Fault::ThroughGoesBack => {
                let turn = self.busy.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                places
                    .get(if turn.is_multiple_of(3) { 4.min(places.len().saturating_sub(1)) } else { 0 })
                    .copied()
            }
            _ => newest,
        }
    }

    /// Returns the entries of a page, and whether a limit has cut it.
    fn entries(&self, range: &LogRange, mut log: Vec<Notification>) -> (Vec<Notification>, bool) {
        let Some((mut first, mut last)) = range.bounds() else { return (Vec::new(), false) };
        let limit = range.max_count().unwrap_or(usize::MAX);
        if self.fault == Fault::AfterIsFrom && first.get() > 1 {
            first = position(first.get() - 1);
        }
        if self.fault == Fault::EndIsExclusive {
            last = position(last.get().saturating_sub(1).max(1));
        }
        log.retain(|entry| (first..=last).contains(&entry.position()));
        let topics = range.topic_names();
        let is_named = |entry: &Notification| {
            let topic = &entry.event.topic;
            let named = topics.iter().any(|other| *topic == **other);
            topics.is_empty()
                || match self.fault {
                    Fault::IgnoresCaseOfTopics => {
                        topics.iter().any(|other| other.to_lowercase() == topic.to_lowercase())
                    }
                    Fault::IgnoresTopicsWithQuotes => named && !topic.contains('\''),
                    _ => named,
                }
        };
        let is_shared = |entry: &Notification| self.is_in_slices(range, &entry.event);
        let is_first = |entry: &Notification| {
            !range.is_firsts() || self.fault == Fault::FirstsAreAll || entry.event.version.get() == 1
        };
        let mut entries = Vec::new();
        let (mut counted, mut bytes) = (0, 0);
        for entry in log {
            let early = match self.fault {
                Fault::LimitBeforeTopics => is_first(&entry) && is_shared(&entry),
                Fault::LimitBeforeSlices => is_first(&entry) && is_named(&entry),
                _ => is_first(&entry) && is_named(&entry) && is_shared(&entry),
            };
            if !early {
                continue;
            }
            counted += 1;
            bytes += entry.event.state.len();
            let most = range.max_bytes().filter(|_| self.fault != Fault::IgnoresBytesOfTheLog);
            let fits = most.is_none_or(|most| bytes <= most)
                || (entries.is_empty() && self.fault != Fault::NothingFitsSmallPagesOfTheLog);
            if !fits {
                return (entries, true);
            }
            if is_named(&entry) && is_shared(&entry) {
                entries.push(entry);
            }
            if counted == limit {
                return (entries, true);
            }
        }
        (entries, false)
    }

    fn is_in_slices(&self, range: &LogRange, event: &StoredEvent) -> bool {
        let slices = range.which_slices();
        let (first, last) = (slices.first().get(), slices.last().get());
        let own = Slice::of(event.id).get();
        match self.fault {
            Fault::IgnoresSlices => true,
            Fault::SliceByFirstByte => {
                let byte = u16::from(event.id.as_bytes()[0]);
                (first..=last).contains(&(byte * 4))
            }
            Fault::SlicesOverlap => (first..=last.saturating_add(1)).contains(&own),
            Fault::LastSliceIsExclusive => slices.is_all() || (first..last.max(first + 1)).contains(&own),
            _ => slices.contains(Slice::of(event.id)),
        }
    }

    fn check_mark(&self, range: &LogRange, log: &[Notification], mark: Mark) -> Result<(), Error> {
        let at = |position| log.iter().find(|entry| entry.position() == position);
        let found = at(mark.position()).map(|entry| entry.mark().commit());
        let is_meant = match self.fault {
            Fault::ComparesTheEndOfCommits => {
                let next = Position::new(mark.position().get() + 1).and_then(at);
                next.is_none_or(|next| next.mark().commit() != mark.commit())
            }
            Fault::LooksForPlacesAmongTheMeant => {
                let topics = range.topic_names();
                let own = at(mark.position());
                topics.is_empty()
                    || own.is_none_or(|entry| topics.iter().any(|topic| entry.event.topic == **topic))
            }
            _ => true,
        };
        if found == Some(mark.commit()) && is_meant {
            return Ok(());
        }
        match self.fault {
            Fault::TrustsNumbers => Ok(()),
            Fault::TrustsPlacesBeyondTheEnd if found.is_none() => Ok(()),
            Fault::TrustsKnownCommits if log.iter().any(|entry| entry.mark().commit() == mark.commit()) => {
                Ok(())
            }
            Fault::ComparesPlacesOnlyWithEntries if range.bounds().is_none() => Ok(()),
            Fault::DivergedWithoutDetail => Err(failed(ErrorKind::Diverged)),
            Fault::DivergedAsConflict => Err(failed(ErrorKind::Conflict)),
            Fault::DivergedFindsNothing => Err(Diverged::new(mark, None).into()),
            _ => Err(Diverged::new(mark, found).into()),
        }
    }

    /// Returns the log as this recorder shows it.
    pub(super) fn log(&self) -> Vec<Notification> {
        let mut log = self.stored_log();
        let places: Vec<_> = log.iter().map(Notification::mark).collect();
        let mut events: Vec<StoredEvent> = log.drain(..).map(|entry| entry.event).collect();
        match self.fault {
            Fault::LogByAggregate => events.sort_by_key(|event| (event.id, event.version)),
            Fault::BackwardsInTheLog => {
                // The two events of a pair in one aggregate change places.
                for at in 1..events.len() {
                    let (one, other) = (&events[at - 1], &events[at]);
                    if one.id == other.id && one.version < other.version && at % 3 != 0 {
                        events.swap(at - 1, at);
                    }
                }
            }
            Fault::NoticesStandInFront => events.sort_by_key(|event| event.topic != FORGOTTEN),
            _ => {}
        }
        let shown = places.into_iter().zip(events).filter(|(_, event)| match self.fault {
            Fault::ForgottenLeavesTheLog => !self.is_forgotten(event.id) || event.topic == FORGOTTEN,
            Fault::NoticesAreNotInTheLog => event.topic != FORGOTTEN,
            _ => true,
        });
        shown
            .map(|(mark, event)| {
                Notification::new(Mark::new(self.place(mark.position()), mark.commit()), event)
            })
            .collect()
    }

    /// Returns whether this recorder shows the log as it is stored.
    pub(super) fn shows_the_log_as_it_is(&self) -> bool {
        !(Fault::PlacesBeforeTheFirst..=Fault::LastSliceIsExclusive).contains(&self.fault)
            && !matches!(
                self.fault,
                Fault::ReadsLag
                    | Fault::LogLags
                    | Fault::VisibleOutOfOrder
                    | Fault::ReceiptOfTheWholeForAPart
            )
    }
}
