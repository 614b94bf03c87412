use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::Ordering;

use super::super::store::{position, version};
use super::fault::Fault;
use super::writes::{pause, without_top_bit};
use super::wrong::{Wrong, failed};
use crate::error::{Error, ErrorKind};
use crate::recorder::*;
use crate::stored_event::StoredEvent;
use crate::wait::Wait;
use uuid::Uuid;

impl AggregateRecorder for Wrong {
    fn append(&self, commit: Commit) -> impl Future<Output = Result<Receipt, Error>> + Send {
        if self.fault == Fault::ForgetsTrackingOnAppend {
            self.known().is_reset = true;
        }
        let copy = commit.clone();
        let written = self.write(commit, None);
        async move {
            match written.await {
                Err(_) if self.fault == Fault::LastWriterWins => Ok(self.replace(&copy)),
                written => written,
            }
        }
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.has_commit_now(id, commit)
    }

    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.select_keys_now(ids)
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.replace_key_later(old, new).await
    }

    fn forget(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send {
        if self.fault == Fault::ForgetsWhenCalled {
            self.inner.forget(id).wait().unwrap();
        }
        self.forget_later(id)
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        if self.fault == Fault::LeaksReaders {
            self.known().leaked += 1;
            if self.known().leaked > 8 {
                return Err(failed(ErrorKind::Timeout));
            }
            pause().await;
            self.known().leaked -= 1;
        }
        self.select_now(id, range)
    }
}

impl Wrong {
    fn select_now(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        let limit = range.max_count().unwrap_or(usize::MAX);
        let all = || self.inner.select(id, EventRange::all()).wait();
        let model = |mut events: Vec<StoredEvent>, meant: &dyn Fn(u64) -> bool, limit| {
            events.retain(|event| meant(event.version.get()));
            if range.is_descending() {
                events.reverse();
            }
            events.truncate(limit);
            Ok(events)
        };
        let contains = |number| range.contains(version(number));
        match self.fault {
            Fault::FailsOnUnknownIds if all()?.is_empty() => Err(failed(ErrorKind::NotFound)),
            Fault::GivesEventsAway if !self.known().given.insert(id) => Ok(Vec::new()),
            Fault::IgnoresTheTopBitOfIds => {
                let mut events = self.inner.select(without_top_bit(id), range).wait()?;
                for event in &mut events {
                    event.id = id;
                }
                Ok(events)
            }
            Fault::OrderOfInsertion => {
                let log = self.inner.select_log(LogRange::all()).wait()?;
                let events = log.into_iter().map(|entry| entry.event).filter(|event| event.id == id);
                model(events.collect(), &contains, limit)
            }
            Fault::LessIsLessOrEqual => {
                let end = range.bounds().map(|(_, last)| last.get() + 1);
                model(all()?, &|number| contains(number) || Some(number) == end, limit)
            }
            Fault::GreaterIsGreaterOrEqual => {
                let start = range.bounds().and_then(|(first, _)| first.get().checked_sub(1));
                model(all()?, &|number| contains(number) || Some(number) == start, limit)
            }
            Fault::ForgetsBoundsWhenDescending if range.is_descending() => model(all()?, &|_| true, limit),
            Fault::LimitBeforeOrder => {
                let events = all()?.into_iter().filter(|event| contains(event.version.get())).take(limit);
                model(events.collect(), &contains, limit)
            }
            Fault::NoLimitForLimit0 if limit == 0 => model(all()?, &contains, usize::MAX),
            Fault::OneTooMany => model(all()?, &contains, limit.saturating_add(1)),
            Fault::ForgettingRemovesEvents if self.is_forgotten(id) => Ok(Vec::new()),
            Fault::ForgettingEmptiesStates if self.is_forgotten(id) => {
                let mut events = self.inner.select(id, range).wait()?;
                for event in &mut events {
                    event.state.clear();
                }
                Ok(events)
            }
            Fault::LastWriterWins => {
                let mut events = self.inner.select(id, range).wait()?;
                for event in &mut events {
                    if let Some(other) = self.known().replaced.get(&(id, event.version.get())) {
                        *event = other.clone();
                    }
                }
                Ok(events)
            }
            Fault::ReadsLag => {
                let log = self.inner.select_log(LogRange::all()).wait()?;
                let seen = log.into_iter().filter(|entry| self.is_visible(entry.position));
                model(
                    seen.map(|entry| entry.event).filter(|event| event.id == id).collect(),
                    &contains,
                    limit,
                )
            }
            _ => self.inner.select(id, range).wait(),
        }
    }

    /// The log as this recorder shows it.
    fn log(&self) -> Vec<Notification> {
        let mut log = self.inner.select_log(LogRange::all()).wait().unwrap();
        let places: Vec<_> = log.iter().map(|entry| entry.position).collect();
        match self.fault {
            Fault::LogByAggregate => {
                log.sort_by_key(|entry| (entry.event.id, entry.event.version));
                log.iter_mut().zip(places).for_each(|(entry, place)| entry.position = place);
            }
            Fault::BackwardsInTheLog => {
                // Pairs of one aggregate change places.
                for at in 1..log.len() {
                    let (one, other) = (log[at - 1].event.clone(), log[at].event.clone());
                    if one.id == other.id && one.version < other.version && at % 3 != 0 {
                        (log[at - 1].event, log[at].event) = (other, one);
                    }
                }
            }
            Fault::ForgottenLeavesTheLog => log.retain(|entry| !self.is_forgotten(entry.event.id)),
            _ => {}
        }
        for entry in &mut log {
            entry.position = self.place(entry.position);
        }
        log
    }
}

impl ApplicationRecorder for Wrong {
    async fn select_log(&self, range: LogRange) -> Result<Vec<Notification>, Error> {
        if self.fault == Fault::FailsWhenBusy && self.busy.load(Ordering::SeqCst) > 0 {
            return Err(failed(ErrorKind::Unavailable));
        }
        let Some((mut first, mut last)) = range.bounds() else { return Ok(Vec::new()) };
        let limit = range.max_count().unwrap_or(usize::MAX);
        if self.fault == Fault::AfterIsFrom && first.get() > 1 {
            first = position(first.get() - 1);
        }
        if self.fault == Fault::EndIsExclusive {
            last = position(last.get().saturating_sub(1).max(1));
        }
        let topics = range.topic_names();
        let named = |entry: &Notification| {
            let topic = &entry.event.topic;
            topics.is_empty()
                || match self.fault {
                    Fault::IgnoresCaseOfTopics => {
                        topics.iter().any(|other| other.to_lowercase() == topic.to_lowercase())
                    }
                    Fault::IgnoresTopicsWithQuotes => topics.contains(topic) && !topic.contains('\''),
                    _ => topics.contains(topic),
                }
        };
        let entries = self.log().into_iter().filter(|entry| (first..=last).contains(&entry.position));
        let entries = entries.filter(|entry| self.is_visible(entry.position));
        let firsts = range.is_firsts() && self.fault != Fault::FirstsAreAll;
        let entries = entries.filter(|entry| !firsts || entry.event.version.get() == 1);
        if self.fault == Fault::LimitBeforeTopics {
            return Ok(entries.take(limit).filter(named).collect());
        }
        Ok(entries.filter(named).take(limit).collect())
    }

    async fn last_position(&self) -> Result<Option<Position>, Error> {
        let last = self.inner.last_position().wait()?;
        Ok(match self.fault {
            Fault::PositionsBeforeTheFirst if last.is_none() => Some(Position::FIRST),
            Fault::LastPositionLags => last.and_then(|last| Position::new(last.get() - 1)),
            Fault::RefusedMovesTheLastPosition => {
                let many = self.conflicts.load(Ordering::SeqCst) as u64;
                last.and_then(|last| Position::new(last.get() + many))
            }
            Fault::ForgettingTakesAPosition => {
                let ids: BTreeSet<_> = self.log().into_iter().map(|entry| entry.event.id).collect();
                let many = ids.into_iter().filter(|id| self.is_forgotten(*id)).count() as u64;
                last.and_then(|last| Position::new(last.get() + many))
            }
            _ => last.map(|last| self.place(last)),
        })
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Position>, Error> {
        Ok(receipt.last())
    }
}

impl ProcessRecorder for Wrong {
    fn append_tracked(
        &self,
        commit: Commit,
        tracking: Tracking,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send {
        self.write(commit, Some(tracking))
    }

    async fn last_tracked(&self, upstream: &str) -> Result<Option<Position>, Error> {
        let last = |upstream: &str| self.inner.last_tracked(upstream).wait();
        match self.fault {
            Fault::OneTrackingForAll => last("all"),
            Fault::UpstreamsIgnoreCase => last(&upstream.to_lowercase()),
            Fault::ForgetsTrackingOnAppend if self.known().is_reset => Ok(None),
            Fault::TrackingOf32Bits => {
                Ok(last(upstream)?.and_then(|last| Position::new(last.get() & u64::from(u32::MAX))))
            }
            _ => last(upstream),
        }
    }
}
