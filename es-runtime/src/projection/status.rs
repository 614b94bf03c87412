//! The state of a running projection, which its handle and the application report.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::log::Stop;
use crate::wait::Bell;

/// The state of a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunnerState {
    /// Nobody has started the runner: its future was not polled.
    NotStarted,
    /// The runner works, or waits for events.
    Running,
    /// Another process does the work; this runner takes over if that process stops.
    Waiting,
    /// An error that may pass keeps the runner from its work, and it tries again.
    Retrying,
    /// The runner was stopped.
    Stopped,
    /// The runner has ended with an error.
    Failed,
}

impl fmt::Display for RunnerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "never started",
            Self::Running => "running",
            Self::Waiting => "waiting for another process",
            Self::Retrying => "trying again after an error",
            Self::Stopped => "stopped",
            Self::Failed => "ended by an error",
        })
    }
}

/// The state that the workers of a projection share with its handles.
pub(crate) struct Status {
    pub(crate) name: &'static str,
    /// Rings when a place moves, and when a worker ends.
    pub(crate) moved: Bell,
    shared: Mutex<Shared>,
}

struct Shared {
    workers: Vec<Worker>,
    /// True once somebody asked all workers to end.
    is_stopping: bool,
    /// Workers end once they have handled the log up to here.
    until: Option<Until>,
    /// The number of callers that wait for a place.
    waiting: usize,
    /// The number of times that a rebuild of this process began or ended to move the places.
    switches: u64,
    failed: usize,
    /// The rows and batches that the workers have written.
    rows: u64,
    batches: u64,
}

#[derive(Clone, Copy)]
struct Until(Option<Mark>);

struct Worker {
    state: RunnerState,
    error: Option<(ErrorKind, String)>,
    /// The place up to which the log was read.
    read: Option<Mark>,
    /// The place up to which the view has taken the log.
    handled: Option<Mark>,
    /// The moment of the last move of `handled`, or of the last look at a log without more.
    moved: Instant,
    stop: Option<Stop>,
}

impl Worker {
    fn move_to(&mut self, handled: Option<Mark>) {
        (self.handled, self.moved) = (handled, Instant::now());
        if position(self.read) < position(handled) {
            self.read = handled;
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The figures of a runner at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) state: RunnerState,
    pub(crate) error: Option<(ErrorKind, String)>,
    pub(crate) read: Option<Mark>,
    pub(crate) handled: Option<Mark>,
    pub(crate) still: Duration,
    pub(crate) failed: usize,
    pub(crate) rows: u64,
    pub(crate) batches: u64,
}

impl Status {
    pub(crate) fn new(name: &'static str, workers: usize) -> Arc<Self> {
        let worker = || Worker {
            state: RunnerState::NotStarted,
            error: None,
            read: None,
            handled: None,
            moved: Instant::now(),
            stop: None,
        };
        let shared = Shared {
            workers: std::iter::repeat_with(worker).take(workers).collect(),
            is_stopping: false,
            until: None,
            waiting: 0,
            switches: 0,
            failed: 0,
            rows: 0,
            batches: 0,
        };
        Arc::new(Self { name, moved: Bell::new(), shared: Mutex::new(shared) })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // No code under the lock panics.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn worker(&self, worker: usize, change: impl FnOnce(&mut Worker)) {
        if let Some(worker) = self.lock().workers.get_mut(worker) {
            change(worker);
        }
    }

    pub(crate) fn enter(&self, worker: usize, state: RunnerState, error: Option<&Error>) {
        let error = error.map(|error| (error.kind(), error.to_string()));
        self.worker(worker, |worker| {
            // A stop does not hide an earlier failure.
            if (worker.state, state) != (RunnerState::Failed, RunnerState::Stopped) {
                (worker.state, worker.error) = (state, error);
            }
        });
        if matches!(state, RunnerState::Stopped | RunnerState::Failed) {
            self.moved.ring_later();
        }
    }

    pub(crate) fn read(&self, worker: usize, read: Option<Mark>) {
        self.worker(worker, |worker| worker.read = read);
    }

    /// Notes the place that the view has reached.
    pub(crate) fn handled(&self, worker: usize, handled: Option<Mark>) {
        self.worker(worker, |worker| worker.move_to(handled));
        self.moved.ring();
    }

    /// Notes the place that a view has reached, unless a later one is noted: of two commits, the later may come here first.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn advanced(&self, worker: usize, handled: Option<Mark>) {
        let mut has_moved = false;
        self.worker(worker, |worker| {
            has_moved = position(worker.handled) < position(handled);
            if has_moved {
                worker.move_to(handled);
            }
        });
        // A caller that waits for the view looks again at each ring.
        if has_moved {
            self.moved.ring_later();
        }
    }

    pub(crate) fn wrote(&self, rows: usize, failed: usize) {
        let mut shared = self.lock();
        shared.failed += failed;
        shared.rows += rows as u64;
        shared.batches += 1;
    }

    pub(crate) fn keeps_failed(&self, failed: usize) {
        self.lock().failed = failed;
    }

    /// Lets a stop end the wait of a worker for events. Returns false if the worker has to end now.
    pub(crate) fn follow(&self, worker: usize, stop: Stop) -> bool {
        self.worker(worker, |worker| worker.stop = Some(stop));
        !self.is_stopping()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().is_stopping
    }

    /// Returns whether a worker that stands at `handled` has done its part of a drain.
    pub(crate) fn is_drained(&self, handled: Option<Mark>) -> bool {
        self.lock().until.is_some_and(|Until(until)| position(until) <= position(handled))
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.lock().until.is_some()
    }

    /// Asks all workers to end after their batch.
    pub(crate) fn stop(&self) {
        let mut shared = self.lock();
        shared.is_stopping = true;
        self.wake(shared);
    }

    /// Asks all workers to end once they have handled the log up to a place.
    pub(crate) fn drain(&self, until: Option<Mark>) {
        let mut shared = self.lock();
        shared.until = Some(Until(until));
        self.wake(shared);
    }

    fn wake(&self, shared: MutexGuard<'_, Shared>) {
        let stops: Vec<Stop> = shared.workers.iter().filter_map(|worker| worker.stop.clone()).collect();
        drop(shared);
        stops.iter().for_each(Stop::stop);
        self.moved.ring();
    }

    pub(crate) fn switched(&self) {
        self.lock().switches += 1;
    }

    pub(crate) fn switches(&self) -> u64 {
        self.lock().switches
    }

    pub(crate) fn has_callers(&self) -> bool {
        self.lock().waiting > 0
    }

    pub(crate) fn waits(self: &Arc<Self>) -> Waits {
        self.lock().waiting += 1;
        // A worker that leaves the work to another process looks more often now.
        self.moved.ring();
        Waits(Arc::clone(self))
    }

    /// Returns whether no worker works any more. A worker that never started counts as ended once it was stopped: it would
    /// do nothing. A drain waits for it.
    pub(crate) fn have_ended(&self) -> bool {
        let shared = self.lock();
        shared.workers.iter().all(|worker| match worker.state {
            RunnerState::Stopped | RunnerState::Failed => true,
            RunnerState::NotStarted => shared.is_stopping,
            RunnerState::Running | RunnerState::Waiting | RunnerState::Retrying => false,
        })
    }

    /// Returns the error by which a worker has ended.
    pub(crate) fn error(&self, figures: &Figures) -> Error {
        let (kind, message) = figures
            .error
            .clone()
            .unwrap_or_else(|| (ErrorKind::Closed, format!("the projection `{}` has ended", self.name)));
        Error::new(kind, message)
    }

    /// Returns the figures of all workers together: the worst state, the earliest places.
    pub(crate) fn figures(&self) -> Figures {
        let shared = self.lock();
        let workers = &shared.workers;
        let worst = workers.iter().max_by_key(|worker| severity(worker.state));
        let earliest = |of: &dyn Fn(&Worker) -> Option<Mark>| {
            workers.iter().map(of).min_by_key(|mark| position(*mark)).flatten()
        };
        Figures {
            state: worst.map_or(RunnerState::Stopped, |worker| worker.state),
            error: worst.and_then(|worker| worker.error.clone()),
            read: earliest(&|worker| worker.read),
            handled: earliest(&|worker| worker.handled),
            still: workers.iter().map(|worker| worker.moved.elapsed()).max().unwrap_or_default(),
            failed: shared.failed,
            rows: shared.rows,
            batches: shared.batches,
        }
    }
}

/// A caller that waits for a place.
pub(crate) struct Waits(Arc<Status>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

/// Returns a number that grows with the place.
pub(crate) fn position(mark: Option<Mark>) -> u64 {
    mark.map_or(0, |mark| mark.position().get())
}

const fn severity(state: RunnerState) -> u8 {
    match state {
        RunnerState::Running => 0,
        RunnerState::Waiting => 1,
        RunnerState::Retrying => 2,
        RunnerState::NotStarted => 3,
        RunnerState::Stopped => 4,
        RunnerState::Failed => 5,
    }
}

/// Returns the text of a place.
pub(super) fn shown(mark: Option<Mark>) -> String {
    mark.map_or_else(|| "the beginning".to_owned(), |mark| format!("position {}", mark.position()))
}

/// Returns a number with its noun, which has an `s` unless the number is 1.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
