//! The queue of commits that wait for a connection. All that arrived during one statement go into the next, as far as
//! one statement can hold them.
//!
//! One writer does them all, as long as the server is fast: large groups cost it least. If commits have to wait, a second
//! writer helps.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until};
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

/// The time that a commit waits for the first writer alone.
const PATIENCE: Duration = Duration::from_millis(2);

/// A commit on its way to the server.
pub(super) struct Job {
    pub(super) log: Arc<Log>,
    pub(super) commit: Commit,
    pub(super) step: Option<Step>,
    pub(super) since: Instant,
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
    fn ids(&self) -> impl Iterator<Item = Uuid> {
        let events = self.commit.events().iter().map(|event| event.id);
        events.chain(self.commit.keys().iter().map(StoredKey::aggregate))
    }

    /// Returns whether nobody waits for the answer any more.
    fn is_over(&self, now: Instant) -> bool {
        self.answer.is_abandoned() || self.until <= now
    }

    /// Returns whether the answer depends on what another commit stores for the same aggregates.
    fn is_particular(&self) -> bool {
        !self.commit.keys().is_empty() || !self.commit.gapless().is_empty()
    }
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Calls the first writer, when it is idle.
    called: Notify,
    /// Calls the second one, when the first is not.
    for_help: Notify,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// True while the first writer is at work.
    is_busy: bool,
    /// The aggregates of the jobs under way. Others wait for them: their answers may depend on these.
    under_way: HashSet<Uuid>,
    is_closed: bool,
}

/// Jobs for one statement. Their aggregates are under way until this is dropped.
pub(super) struct Group<'q> {
    pub(super) jobs: Vec<Job>,
    aggregates: Vec<Uuid>,
    queue: &'q Queue,
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        for id in &self.aggregates {
            state.under_way.remove(id);
        }
        let calls = !state.is_busy && !state.jobs.is_empty();
        drop(state);
        if calls {
            self.queue.called.notify_one();
        }
    }
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
        let is_busy = state.is_busy;
        drop(state);
        if is_busy {
            self.for_help.notify_one();
        } else {
            self.called.notify_one();
        }
        Ok(())
    }

    /// Refuses later jobs; earlier ones are still done.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.called.notify_one();
        self.for_help.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Waits for jobs that the first writer can do by one statement; `None` at the end.
    pub(super) async fn next(&self) -> Option<Group<'_>> {
        loop {
            let (jobs, over, is_closed) = {
                let mut state = self.lock();
                let (jobs, over) = state.take();
                state.is_busy = !jobs.is_empty();
                (jobs, over, state.is_closed && state.jobs.is_empty())
            };
            give_up(over);
            if let Some(group) = self.group(jobs) {
                return Some(group);
            }
            if is_closed {
                return None;
            }
            self.called.notified().await;
        }
    }

    /// Waits for jobs that the first writer has left too long, and the second one can do; `None` at the end.
    pub(super) async fn next_to_help(&self) -> Option<Group<'_>> {
        loop {
            let (first, is_closed) = {
                let state = self.lock();
                let first = state.jobs.front().filter(|_| state.is_busy).map(|job| job.since);
                (first, state.is_closed)
            };
            match first {
                None if is_closed => return None,
                None => self.for_help.notified().await,
                Some(since) if since.elapsed() < PATIENCE => sleep_until((since + PATIENCE).into()).await,
                Some(_) => {
                    let (jobs, over) = self.lock().take();
                    give_up(over);
                    match self.group(jobs) {
                        Some(group) => return Some(group),
                        // All that wait depend on jobs under way, or came late.
                        None => sleep(PATIENCE).await,
                    }
                }
            }
        }
    }

    fn group(&self, jobs: Vec<Job>) -> Option<Group<'_>> {
        if jobs.is_empty() {
            return None;
        }
        let aggregates = jobs.iter().flat_map(Job::ids).collect();
        Some(Group { jobs, aggregates, queue: self })
    }
}

/// Answers the jobs whose time was over before they were sent. Dropping a job runs code of the caller.
fn give_up(over: Vec<Job>) {
    for job in over {
        job.answer.give(Err(error::waited()));
    }
}

impl State {
    /// Takes the first jobs that one statement can do together; also returns those that are over.
    fn take(&mut self) -> (Vec<Job>, Vec<Job>) {
        let (mut taken, mut over, mut left) = (Vec::new(), Vec::new(), VecDeque::new());
        let now = Instant::now();
        let is_alone = self.jobs.len() == 1;
        let mut plan = Plan::default();
        while let Some(job) = self.jobs.pop_front() {
            if job.is_over(now) {
                over.push(job);
            } else if plan.is_full {
                left.push_back(job);
                left.append(&mut self.jobs);
            } else if !job.ids().any(|id| self.under_way.contains(&id)) && (is_alone || plan.admits(&job)) {
                taken.push(job);
            } else {
                plan.leaves(&job);
                left.push_back(job);
            }
        }
        self.jobs = left;
        self.under_way.extend(taken.iter().flat_map(Job::ids));
        (taken, over)
    }
}

/// The commits of one statement. The statement sees none of what it stores itself: so two of its commits may not
/// depend on each other.
#[derive(Default)]
struct Plan {
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

impl Plan {
    /// Adds a job if it fits.
    fn admits(&mut self, job: &Job) -> bool {
        let (events, bytes) = (job.commit.events(), job.commit.state_bytes());
        let is_of_others = self.log.as_ref().is_some_and(|log| !Arc::ptr_eq(log, &job.log));
        let is_too_much = self.count > 0
            && (self.events + events.len() > BLOCK || self.bytes + bytes > MOST_BYTES || self.count == MOST);
        self.is_full |= is_too_much;
        let is_particular = job.is_particular();
        let depends =
            job.ids().any(|id| self.aggregates.get(&id).is_some_and(|closed| *closed || is_particular))
                || events.iter().any(|event| self.places.contains(&(event.id, event.version)))
                || (self.has_step && job.step.is_some());
        if is_of_others || is_too_much || depends {
            return false;
        }
        for id in job.ids() {
            *self.aggregates.entry(id).or_default() |= is_particular;
        }
        self.log = Some(Arc::clone(&job.log));
        self.count += 1;
        self.events += events.len();
        self.bytes += bytes;
        self.has_step |= job.step.is_some();
        self.places.extend(events.iter().map(|event| (event.id, event.version)));
        true
    }

    /// Leaves a job for later, and with it all later ones on its aggregates.
    fn leaves(&mut self, job: &Job) {
        self.aggregates.extend(job.ids().map(|id| (id, true)));
    }
}
