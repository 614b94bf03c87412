use std::future::{Future, poll_fn};
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use super::super::samples::name;
use super::fault::Fault;

use super::wrong::{Wrong, failed};
use crate::error::{Conflict, Error, ErrorKind};
use crate::id::Version;
use crate::recorder::*;
use crate::stored_event::StoredEvent;
use crate::wait::{Wait, may_block};
use uuid::Uuid;

impl Wrong {
    pub(super) fn write(
        &self,
        commit: Commit,
        step: Option<Step>,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send {
        let early = (self.fault == Fault::WorksWhenCalled).then(|| self.put(commit.clone(), step.clone()));
        async move {
            match early {
                Some(done) => done,
                None => self.write_later(commit, step).await,
            }
        }
    }

    async fn write_later(&self, commit: Commit, step: Option<Step>) -> Result<Receipt, Error> {
        self.suspend(&commit).await?;
        if let Some(done) = self.decide_limited(&commit) {
            return done;
        }
        let kept = step.as_ref().map(|step| self.kept_step(step));
        let before = self.receipt_of(commit.id());
        let done = self.decide(&commit, kept.as_ref(), before.as_ref());
        let done = done.or_else(|| self.decide_gaps(&commit));
        let done = done.or_else(|| self.decide_keyed(&commit, before.as_ref()));
        if let Some(done) = done.or_else(|| self.decide_forgotten(&commit, before.as_ref())) {
            return done;
        }
        let changed = self.change(commit);
        let id = changed.id();
        let refused = changed.clone();
        match self.put(changed, kept) {
            Ok(receipt) => Ok(self.shown(&receipt, before.as_ref().filter(|before| before.commit() == id))),
            Err(error) => {
                let reported = self.reported(&refused, error);
                Err(match &step {
                    Some(step) => self.reported_of_step(step, reported),
                    None => reported,
                })
            }
        }
    }

    /// Suspends a wrong recorder between the polls.
    async fn suspend(&self, commit: &Commit) -> Result<(), Error> {
        match self.fault {
            Fault::HalfAtTheFirstPoll
                if commit.events().len() > 1 && self.receipt_of(commit.id()).is_none() =>
            {
                let _ = self.inner.append(Commit::with_id(commit.id(), commit.events()[..1].to_vec())).wait();
                pause().await;
            }
            Fault::DroppedCommitsStayInDoubt => {
                if !self.known().refused.insert(commit.id().uuid()) {
                    return Err(failed(ErrorKind::OutcomeUnknown));
                }
                pause().await;
                self.known().refused.remove(&commit.id().uuid());
            }
            Fault::HoldsTheLockWhileSuspended => {
                let held = Held(self, commit.id());
                poll_fn(|context| {
                    let mut known = self.known();
                    if *known.holder.get_or_insert(commit.id()) == commit.id() {
                        return Poll::Ready(());
                    }
                    drop(known);
                    thread::sleep(Duration::from_millis(1));
                    context.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
                pause().await;
                drop(held);
            }
            Fault::RefusesToMove => {
                let began = may_block();
                pause().await;
                if may_block() != began {
                    return Err(failed(ErrorKind::Unavailable));
                }
            }
            Fault::FewUnderWay => {
                let many = self.busy.fetch_add(1, Ordering::SeqCst);
                pause().await;
                self.busy.fetch_sub(1, Ordering::SeqCst);
                if many > 100 {
                    return Err(failed(ErrorKind::Unavailable));
                }
            }
            Fault::FailsWhenBusy => {
                let many = self.busy.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_micros(300));
                self.busy.fetch_sub(1, Ordering::SeqCst);
                if many > 0 {
                    return Err(failed(ErrorKind::Unavailable));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the answer of a wrong recorder, or `None` if the inner one answers.
    fn decide(
        &self,
        commit: &Commit,
        step: Option<&Step>,
        before: Option<&Receipt>,
    ) -> Option<Result<Receipt, Error>> {
        let events = commit.events();
        let refuse = |kind| Some(Err(failed(kind)));
        let one_by_one = |event: &StoredEvent| {
            thread::yield_now();
            self.put(Commit::with_id(commit.id(), vec![event.clone()]), None)
        };
        let numbers = |limit: u64| events.iter().any(|event| event.version.get() > limit);
        match self.fault {
            Fault::RefusesEmptyCommits if events.is_empty() => refuse(ErrorKind::Invalid),
            Fault::RefusesVersion0 if events.iter().any(|event| event.version == 0) => {
                refuse(ErrorKind::Invalid)
            }
            Fault::VersionsOf32Bits if numbers(u32::MAX.into()) => refuse(ErrorKind::Invalid),
            Fault::RefusesGaps
                if events.first().is_some_and(|event| {
                    event.version.get()
                        > self.sequence(event.id).last().map_or(1, |last| last.version.get() + 1)
                }) =>
            {
                refuse(ErrorKind::Conflict)
            }
            Fault::AcceptsEqualEventsAgain
                if !events.is_empty()
                    && events.iter().all(|event| self.sequence(event.id).contains(event)) =>
            {
                Some(Ok(Receipt::new(commit.id())))
            }
            Fault::StuckAfterConflicts if self.conflicts.load(Ordering::SeqCst) > 3 => {
                refuse(ErrorKind::Storage)
            }
            Fault::StoresUpToTheConflict if before.is_none() && events.len() > 1 => {
                let mut done = Ok(Receipt::new(commit.id()));
                for event in events {
                    done = done.and_then(|_| one_by_one(event));
                }
                Some(done)
            }
            Fault::StoresAllButTheTaken if before.is_none() => {
                let all: Vec<_> = events.iter().map(one_by_one).collect();
                all.into_iter().find(Result::is_err)
            }
            Fault::OneByOne if events.len() > 1 && !events.iter().any(|event| self.is_taken(event)) => {
                events.iter().map(one_by_one).last()
            }
            Fault::UsesUpIdsOfRefused | Fault::RefusedLooksStored
                if self.known().refused.contains(&commit.id().uuid()) =>
            {
                if self.fault == Fault::RefusedLooksStored {
                    Some(Ok(Receipt::new(commit.id())))
                } else {
                    Some(Err(Conflict::version(Uuid::nil(), Version::INITIAL, None).into()))
                }
            }
            Fault::TrustsCommitIds if before.is_some() => before.cloned().map(Ok),
            Fault::ComparesOrderOfRepeats | Fault::ComparesCountOfRepeats if before.is_some() => {
                let log = self.stored_log();
                let place = |event: &StoredEvent| log.iter().find(|entry| entry.event == *event);
                let places: Vec<_> =
                    events.iter().filter_map(|event| Some(place(event)?.position())).collect();
                let own = log.iter().filter(|entry| entry.mark().commit() == commit.id()).count();
                let is_other = match self.fault {
                    Fault::ComparesOrderOfRepeats => places.windows(2).any(|pair| pair[0] > pair[1]),
                    _ => events.len() != own,
                };
                let first = events.first().filter(|_| is_other)?;
                Some(Err(Conflict::version(first.id, first.version, None).into()))
            }
            Fault::StoresTheRest if before.is_some() => {
                let rest = events.iter().filter(|event| !self.is_taken(event)).cloned().collect();
                let _ = self.put(Commit::new(rest), None);
                before.cloned().map(Ok)
            }
            Fault::OccupiesInTheOrderOfCommits => Some(self.occupy(commit)),
            Fault::LooksForRepeatsOutsideTheLock => {
                if before.is_none() {
                    thread::sleep(Duration::from_millis(1));
                }
                before.cloned().map(Ok)
            }
            Fault::ChecksThenWrites if !events.iter().any(|event| self.is_taken(event)) => {
                thread::sleep(Duration::from_micros(300));
                Some(Ok(self.put(commit.clone(), None).unwrap_or(Receipt::new(commit.id()))))
            }
            Fault::FailsTogether => {
                let seen = self.conflicts.load(Ordering::SeqCst);
                if events.iter().any(|event| self.is_taken(event)) {
                    return None;
                }
                thread::sleep(Duration::from_millis(1));
                (self.conflicts.load(Ordering::SeqCst) != seen).then(|| Err(failed(ErrorKind::Unavailable)))
            }
            _ => self.decide_tracked(commit, step?, before),
        }
    }

    /// Returns the commit that a wrong recorder stores instead.
    fn change(&self, commit: Commit) -> Commit {
        let mut id = commit.id();
        let known = self.receipt_of(id);
        let recent = self.known().commits.iter().rev().take(8).any(|(recent, _)| *recent == id);
        match self.fault {
            Fault::ForgetsCommits | Fault::LooksForRepeatsOutsideTheLock => id = CommitId::new(),
            Fault::RemembersFewCommits if known.is_some() && !recent => id = CommitId::new(),
            Fault::NilIsNoCommitId if id.uuid().is_nil() => id = CommitId::new(),
            _ => {}
        }
        let (is_once, gapless) = (commit.is_once(), self.gapless(&commit));
        let keys = self.change_keys(commit.keys().to_vec());
        let mut events = commit.into_parts().events;
        let topic = events.first().map(|event| event.topic.clone());
        if self.fault == Fault::CutsCommits {
            events.truncate(1_000);
        }
        if self.fault == Fault::DropsDoubles {
            let mut seen = std::collections::HashSet::new();
            events.retain(|event| seen.insert((event.id, event.version)));
        }
        for event in &mut events {
            match self.fault {
                Fault::TopicOfTheFirstEvent => event.topic.clone_from(topic.as_ref().unwrap()),
                Fault::IgnoresTheTopBitOfIds => event.id = without_top_bit(event.id),
                Fault::StatesAreText => {
                    event.state = String::from_utf8_lossy(&event.state).into_owned().into();
                }
                Fault::CutsStates => event.state.truncate(1 << 16),
                Fault::CutsTopics => event.topic = name(event.topic.chars().take(120).collect::<String>()),
                Fault::TrimsTopics if !event.topic.trim().is_empty() => {
                    event.topic = name(event.topic.trim());
                }
                _ => {}
            }
        }
        let made = if is_once { Commit::once(id, events) } else { Commit::with_id(id, events) };
        made.with_keys(keys).without_gaps_in_the_first(gapless)
    }

    /// Returns a conflict as a wrong recorder reports it.
    fn reported(&self, commit: &Commit, error: Error) -> Error {
        if self.fault == Fault::ForgottenAsConflict && error.kind() == ErrorKind::Forgotten {
            return failed(ErrorKind::Conflict);
        }
        let Some(Conflict::Version { id, expected, found, .. }) = error.as_conflict().cloned() else {
            return self.reported_of_key(commit, error);
        };
        let events = commit.events();
        let taken = events.iter().find(|event| self.is_taken(event));
        let first = expected.map_or(Version::from(0), Version::next);
        match self.fault {
            Fault::ConflictWithoutDetail => failed(ErrorKind::Conflict),
            Fault::ConflictAsUnavailable => failed(ErrorKind::Unavailable),
            Fault::CachesHeads => {
                let head = self.known().heads.get(&id).copied();
                Conflict::version(id, first, head.and_then(Version::new)).into()
            }
            Fault::FoundIsTheTakenVersion => {
                Conflict::version(id, first, taken.map(|event| event.version)).into()
            }
            Fault::ExpectedIsOneTooHigh => Conflict::version(id, first.next(), found).into(),
            Fault::NamesTheFirstAggregate => Conflict::version(events[0].id, first, found).into(),
            _ => error,
        }
    }

    /// Replaces stored events, for a recorder that is wrong in this way.
    pub(super) fn replace(&self, commit: &Commit) -> Receipt {
        let mut known = self.known();
        for event in commit.events() {
            known.replaced.insert((event.id, event.version.get()), event.clone());
        }
        Receipt::new(commit.id())
    }
}

/// A guard that releases the lock when it is dropped.
struct Held<'a>(&'a Wrong, CommitId);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut known = self.0.known();
        if known.holder == Some(self.1) {
            known.holder = None;
        }
    }
}

pub(super) fn without_top_bit(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128() << 1 >> 1)
}

/// Is pending once, and ready at the next poll.
pub(super) async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
