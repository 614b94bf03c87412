//! The queue of commits that wait for a connection. All that arrived during one statement go into the next, as far as
//! one statement can hold them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use uuid::Uuid;

use super::error;
use super::insert::BLOCK;
use super::log::Log;
use crate::error::Error;
use crate::id::Version;
use crate::recorder::{Commit, Receipt, Step, StoredKey};
use crate::wait::{Slot, wake};

pub(super) type Outcome = Result<Receipt, Error>;

/// The largest number of commits in one statement, and of bytes in their states.
pub(super) const MOST: usize = 512;
pub(super) const MOST_BYTES: usize = 16 << 20;

/// A commit on its way to the server.
pub(super) struct Job {
    pub(super) log: Arc<Log>,
    pub(super) commit: Commit,
    pub(super) step: Option<Step>,
    /// The end of the time for this call.
    pub(super) until: Instant,
    /// True once the answer to an attempt is lost: then the commit may be stored.
    pub(super) is_unknown: bool,
    pub(super) answer: Answer,
}

/// The way back to the caller, who learns even of a task that ended.
pub(super) struct Answer(Option<Arc<Slot<Outcome>>>);

impl Answer {
    pub(super) const fn new(slot: Arc<Slot<Outcome>>) -> Self {
        Self(Some(slot))
    }

    /// Returns whether the caller has dropped its future.
    fn is_abandoned(&self) -> bool {
        self.0.as_ref().is_none_or(|slot| Arc::strong_count(slot) == 1)
    }

    pub(super) fn give(mut self, outcome: Outcome) {
        self.fill(outcome);
    }

    fn fill(&mut self, outcome: Outcome) {
        if let Some(waker) = self.0.take().and_then(|slot| slot.fill(outcome)) {
            wake(waker);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.fill(Err(error::ended()));
        }
    }
}

impl Job {
    fn bytes(&self) -> usize {
        self.commit.events().iter().map(|event| event.state.len()).sum()
    }

    fn ids(&self) -> impl Iterator<Item = Uuid> {
        let events = self.commit.events().iter().map(|event| event.id);
        events.chain(self.commit.keys().iter().map(StoredKey::aggregate))
    }

    /// Returns whether the answer depends on what another commit stores for the same aggregates.
    fn is_particular(&self) -> bool {
        !self.commit.keys().is_empty() || !self.commit.gapless().is_empty()
    }
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    called: Notify,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, unless the queue is closed.
    pub(super) fn push(&self, job: Job) -> Result<(), Error> {
        let mut state = self.lock();
        if state.is_closed {
            drop(state);
            job.answer.give(Err(error::closed()));
            return Err(error::closed());
        }
        state.jobs.push_back(job);
        drop(state);
        // The writer that worked last is the fastest: the server has at hand what it needs. The other one helps if this one
        // is busy.
        self.called.notify_last();
        Ok(())
    }

    /// Refuses later jobs; earlier ones are still done.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.called.notify_waiters();
        self.called.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Waits for jobs that one statement can do; `None` at the end.
    pub(super) async fn next(&self) -> Option<Vec<Job>> {
        loop {
            let called = self.called.notified();
            {
                let mut state = self.lock();
                let (jobs, abandoned) = state.take();
                let (is_left, is_closed) = (!state.jobs.is_empty(), state.is_closed);
                drop(state);
                // Dropping a job runs code of the caller.
                drop(abandoned);
                if !jobs.is_empty() {
                    if is_left {
                        self.called.notify_one();
                    }
                    return Some(jobs);
                }
                if is_closed {
                    // The other tasks that wait end, too.
                    self.called.notify_one();
                    return None;
                }
            }
            called.await;
        }
    }
}

impl State {
    /// Takes the first jobs that one statement can do together; also returns those that nobody waits for any more.
    fn take(&mut self) -> (Vec<Job>, Vec<Job>) {
        let (mut taken, mut abandoned, mut left) = (Vec::new(), Vec::new(), VecDeque::new());
        let mut group = Group::default();
        while let Some(job) = self.jobs.pop_front() {
            if job.answer.is_abandoned() {
                abandoned.push(job);
            } else if group.is_full {
                left.push_back(job);
                left.append(&mut self.jobs);
            } else if group.admits(&job) {
                taken.push(job);
            } else {
                left.push_back(job);
            }
        }
        self.jobs = left;
        (taken, abandoned)
    }
}

/// The commits of one statement. The statement sees none of what it stores itself: so two of its commits may not
/// depend on each other.
#[derive(Default)]
struct Group {
    log: Option<Arc<Log>>,
    count: usize,
    events: usize,
    bytes: usize,
    has_step: bool,
    is_full: bool,
    /// The aggregates of the commits; true for one that no other commit may touch.
    aggregates: HashMap<Uuid, bool>,
    places: HashSet<(Uuid, Version)>,
}

impl Group {
    /// Adds a job if it fits. Later jobs do not overtake one that does not fit, on the same aggregates.
    fn admits(&mut self, job: &Job) -> bool {
        let (events, bytes) = (job.commit.events(), job.bytes());
        let is_of_others = self.log.as_ref().is_some_and(|log| !Arc::ptr_eq(log, &job.log));
        let is_too_much = self.count > 0
            && (self.events + events.len() > BLOCK || self.bytes + bytes > MOST_BYTES || self.count == MOST);
        self.is_full |= is_too_much;
        let is_particular = job.is_particular();
        let depends =
            job.ids().any(|id| self.aggregates.get(&id).is_some_and(|closed| *closed || is_particular))
                || events.iter().any(|event| self.places.contains(&(event.id, event.version)))
                || (self.has_step && job.step.is_some());
        let is_admitted = !(is_of_others || is_too_much || depends);
        for id in job.ids() {
            *self.aggregates.entry(id).or_default() |= is_particular || !is_admitted;
        }
        if is_admitted {
            self.log = Some(Arc::clone(&job.log));
            self.count += 1;
            self.events += events.len();
            self.bytes += bytes;
            self.has_step |= job.step.is_some();
            self.places.extend(events.iter().map(|event| (event.id, event.version)));
        }
        is_admitted
    }
}
