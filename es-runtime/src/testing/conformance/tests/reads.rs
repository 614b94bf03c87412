use std::future::Future;
use std::sync::atomic::Ordering;

use super::super::samples::version;
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
        if self.fault == Fault::ForgetsStepsOnAppend {
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

    fn limits(&self) -> Limits {
        self.named_limits()
    }

    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        self.keeps_keys().then_some(self as &(dyn DynKeyRecorder + 'static))
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        if self.fault == Fault::LeaksReaders {
            self.known().leaked += 1;
            if self.known().leaked > 8 {
                return Err(failed(ErrorKind::Timeout));
            }
            pause().await;
            self.known().leaked -= 1;
        }
        if self.fault == Fault::PoolInTheCaller {
            self.work_in_a_pool().await;
        }
        if self.fault == Fault::WaitsOccupyThePool {
            drop(self.permit().await);
        }
        self.select_now(id, range)
    }
}

impl KeyRecorder for Wrong {
    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.select_keys_now(ids)
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.replace_key_later(old, new).await
    }

    async fn sample_keys(&self) -> Result<Vec<StoredKey>, Error> {
        self.sample_keys_now()
    }

    fn forget(&self, id: Uuid, notice: Commit) -> impl Future<Output = Result<Remains, Error>> + Send {
        if self.fault == Fault::ForgetsWhenCalled {
            self.inner.forget(id, notice.clone()).wait().unwrap();
        }
        self.forget_later(id, notice)
    }
}

impl Wrong {
    fn select_now(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        let mut page = self.inner.select(id, range).wait()?;
        let most = range.max_count().unwrap_or(usize::MAX);
        let is_full = page.events.len() == most;
        match self.fault {
            Fault::ShortPageIsTheEnd if !is_full => page.more = false,
            Fault::FullPageIsTheEnd if is_full => page.more = false,
            Fault::NothingFitsSmallPages => {
                let many: usize = page.events.iter().map(|event| event.state.len()).sum();
                if range.max_bytes().is_some_and(|most| many > most) {
                    page.events.clear();
                }
            }
            Fault::IgnoresBytes => {
                let events = self.sequence(id);
                let mut meant: Vec<_> =
                    events.into_iter().filter(|event| range.contains(event.version)).collect();
                if range.is_descending() {
                    meant.reverse();
                }
                page.more = meant.len() > most;
                meant.truncate(most);
                page.events = meant;
            }
            Fault::NoticeAtEachForgetting => {
                let known = self.known();
                page.events.extend(known.notices.iter().filter(|notice| notice.id == id).cloned());
            }
            _ => page.events = self.events_now(id, range, page.events)?,
        }
        Ok(page)
    }

    /// Returns the events that this recorder shows of a range, in place of the right ones.
    fn events_now(
        &self,
        id: Uuid,
        range: EventRange,
        meant: Vec<StoredEvent>,
    ) -> Result<Vec<StoredEvent>, Error> {
        let limit = range.max_count().unwrap_or(usize::MAX);
        let all = || Ok::<_, Error>(self.sequence(id));
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
                let mut events = self.inner.select(without_top_bit(id), range).wait()?.events;
                for event in &mut events {
                    event.id = id;
                }
                Ok(events)
            }
            Fault::OrderOfInsertion => {
                let events =
                    self.stored_log().into_iter().map(|entry| entry.event).filter(|event| event.id == id);
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
                let mut events = meant;
                for event in &mut events {
                    event.state.clear();
                }
                Ok(events)
            }
            Fault::LastWriterWins => {
                let mut events = meant;
                for event in &mut events {
                    if let Some(other) = self.known().replaced.get(&(id, event.version.get())) {
                        *event = other.clone();
                    }
                }
                Ok(events)
            }
            Fault::ReadsLag => {
                let log = self.stored_log().into_iter();
                let seen = log.filter(|entry| self.is_visible(entry.position()));
                model(
                    seen.map(|entry| entry.event).filter(|event| event.id == id).collect(),
                    &contains,
                    limit,
                )
            }
            _ => Ok(meant),
        }
    }
}

impl ApplicationRecorder for Wrong {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        if self.fault == Fault::PoolInTheReaderOfTheLog {
            self.work_in_a_pool().await;
        }
        if self.fault == Fault::FailsWhenBusy && self.busy.load(Ordering::SeqCst) > 0 {
            return Err(failed(ErrorKind::Unavailable));
        }
        if self.shows_the_log_as_it_is() {
            return self.inner.read_log(range).await;
        }
        self.page(&range)
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        Ok(receipt.mark())
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        self.wait_beyond(after).await
    }
}

impl TrackingRecorder for Wrong {
    async fn tracked(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        self.tracked_now(cursor)
    }

    fn track(&self, step: Step) -> impl Future<Output = Result<(), Error>> + Send {
        let early = (self.fault == Fault::StepsWhenCalled).then(|| self.track_now(&step));
        async move { early.unwrap_or_else(|| self.track_now(&step)) }
    }
}

impl ProcessRecorder for Wrong {
    fn append_tracked(
        &self,
        commit: Commit,
        step: Step,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send {
        self.write(commit, Some(step))
    }

    async fn append_tracked_all(&self, commits: Vec<(Commit, Step)>) -> Result<Vec<Receipt>, Error> {
        let (mut receipts, mut failed) = (Vec::new(), Ok(()));
        match self.fault {
            Fault::SeveralInAnyOrder => {
                for (commit, _) in commits.iter().rev() {
                    receipts.insert(0, self.write(commit.clone(), None).await?);
                }
                for (_, step) in commits {
                    // The steps of a repeated call are recorded.
                    let _ = self.track(step).await;
                }
            }
            Fault::SeveralWithoutTheRefused | Fault::SeveralWithoutSteps => {
                for (commit, _) in commits {
                    match self.write(commit, None).await {
                        Ok(receipt) => receipts.push(receipt),
                        Err(error) if self.fault == Fault::SeveralWithoutSteps => return Err(error),
                        Err(error) => failed = Err(error),
                    }
                }
            }
            _ => {
                for (commit, step) in commits {
                    receipts.push(self.append_tracked(commit, step).await?);
                }
            }
        }
        failed.map(|()| receipts)
    }
}
