//! Group commit: jobs submitted during one commit go into the next, all together.
//!
//! There is one worker, and the thread that works holds it: the lead. A thread inside [`Wait::wait`](crate::Wait) takes
//! the lead itself, works for all queued jobs, and passes the lead on. For futures on an executor, a thread of the
//! group leads. No caller waits for a timer, and a single caller pays for one lock. If the task that was called to lead
//! never polls again, the group's thread takes over after [`GRACE`].

mod queue;

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use self::queue::Queue;
use crate::wait::{Bell, Slot, hold_back, may_block, wake};

/// A worker that does jobs, many at a time.
pub(super) trait Worker: Send + 'static {
    /// The request of a caller.
    type Job: Send;
    /// The answer to a job.
    type Outcome: Send;

    /// Does all jobs in their order, and returns an outcome for each.
    ///
    /// The group holds back the bells that the worker [rings later](Bell::ring_later), until the outcomes are delivered
    /// and the worker is back: the wakers may submit jobs.
    fn run(&mut self, jobs: Vec<Self::Job>) -> Vec<Self::Outcome>;

    /// Returns the outcome of a job that the worker did not finish.
    fn broken(&mut self) -> Self::Outcome;

    /// Returns the outcome of a job submitted by code that the worker itself runs: such code would wait for itself.
    fn within() -> Self::Outcome;

    /// Returns the outcome of a job submitted after the end.
    fn closed() -> Self::Outcome;

    /// Returns the outcome of a job without a worker: the system starts no thread.
    fn unavailable(cause: &io::Error) -> Self::Outcome;
}

/// The largest number of jobs in one round, which bounds its memory and time.
const MOST: usize = 512;
/// The number of rounds that a waiting thread works for others before it passes the lead on.
const ROUNDS: usize = 4;
/// The time that the group's thread stays awake for a job that may come at once.
const AWAKE: Duration = Duration::from_micros(25);
/// The time that a poll spins for its answer, if rounds are no longer than that. Executors expect polls to be no longer
/// either. A vain spin takes the processor from the round, and slows it down.
const LOOK: Duration = Duration::from_micros(100);
/// The time that a task called to lead has until the group's thread takes over.
const GRACE: Duration = Duration::from_millis(5);

pub(super) struct Group<W: Worker> {
    shared: Arc<Shared<W>>,
}

struct Shared<W: Worker> {
    state: Mutex<State<W>>,
    /// Signals the group's own thread that there is something to do.
    called: Condvar,
    /// The number of these signals.
    calls: AtomicUsize,
    /// False on a machine with one processor, where a thread that stays awake keeps others from working.
    stays_awake: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct State<W: Worker> {
    /// The worker, or `None` while a thread leads.
    worker: Option<W>,
    queue: Queue<W>,
    has_thread: bool,
    /// True while the group's own thread is called to lead.
    asked: bool,
    /// True while the group's own thread watches for the tasks that were called to lead.
    watched: bool,
    /// The number of times that a thread took the lead.
    turns: u64,
    /// The duration of the last round.
    last_round: Duration,
    closed: bool,
}

impl<W: Worker> Group<W> {
    pub(super) fn new(worker: W) -> Self {
        let state = State {
            worker: Some(worker),
            queue: Queue::new(),
            has_thread: false,
            asked: false,
            watched: false,
            turns: 0,
            last_round: Duration::ZERO,
            closed: false,
        };
        let stays_awake = thread::available_parallelism().map_or(1, NonZeroUsize::get) > 1;
        let (called, calls) = (Condvar::new(), AtomicUsize::new(0));
        Self { shared: Arc::new(Shared { state: Mutex::new(state), called, calls, stays_awake }) }
    }

    /// Submits a job; nothing happens before the first poll.
    pub(super) fn submit(&self, job: W::Job) -> Submitted<W> {
        Submitted { shared: Arc::clone(&self.shared), job: Some(job), slot: None, number: 0 }
    }

    /// Returns whether the group refuses jobs.
    pub(super) fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// Refuses later jobs. The group still does earlier ones, and the worker ends after them.
    pub(super) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let ended = state.take_ended();
        drop(state);
        drop(ended);
        self.shared.called.notify_all();
    }
}

impl<W: Worker> Drop for Group<W> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<W: Worker> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, State<W>> {
        // No code under the lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works for the queue, for at most so many rounds, then returns the worker.
    fn lead(self: &Arc<Self>, mut worker: W, rounds: usize) {
        for _ in 0..rounds {
            let mut state = self.lock();
            let (jobs, slots) = state.queue.take(MOST);
            drop(state);
            if jobs.is_empty() {
                break;
            }
            let began = Instant::now();
            let (outcomes, bells) = self.run(&mut worker, jobs);
            let mut outcomes = outcomes.into_iter();
            let took = began.elapsed();
            let mut fill = |slot: Arc<Slot<_>>| slot.fill(outcomes.next().unwrap_or_else(|| worker.broken()));
            let wakers: Vec<Waker> = slots.into_iter().filter_map(&mut fill).collect();
            // A waker is code of the caller, which may submit a job and wait for it: by then the worker is back in its
            // place.
            self.put_back(worker, took);
            wakers.into_iter().for_each(wake);
            bells.iter().for_each(Bell::ring);
            // The `let` releases the lock before the next line.
            let again = self.lock().take_worker();
            // Another thread has the lead, and passes it on.
            let Some(again) = again else { return };
            worker = again;
        }
        self.give_back(worker);
    }

    fn put_back(&self, worker: W, took: Duration) {
        let mut state = self.lock();
        (state.worker, state.last_round) = (Some(worker), took);
    }

    fn give_back(self: &Arc<Self>, worker: W) {
        let mut state = self.lock();
        state.worker = Some(worker);
        self.pass_on(state);
    }

    /// Calls the next leader, if there is work and nobody leads; ends the worker once the group is closed and the queue
    /// is empty.
    fn pass_on(self: &Arc<Self>, mut state: MutexGuard<'_, State<W>>) {
        let next = state.next_leader();
        let (mut others, mut given_up) = (Vec::new(), GivenUp(Vec::new()));
        match next {
            Some(Next::Thread) => given_up = self.ask_thread(&mut state),
            Some(Next::Waiting(_)) if !state.watched => {
                state.watched = self.call_thread(&mut state).is_ok();
                if !state.watched {
                    // No thread watches whether the first task comes, so any other may lead.
                    others = state.queue.waiting().skip(1).collect();
                }
            }
            // The group's own thread ends with the worker.
            None if state.closed => self.called.notify_all(),
            _ => {}
        }
        let ended = state.take_ended();
        drop(state);
        if let Some(Next::Waiting(waker)) = next {
            wake(waker);
        }
        others.into_iter().for_each(wake);
        given_up.report();
        drop(ended);
    }

    /// Calls the group's own thread to lead. If no thread starts, gives up the jobs that nobody else works for.
    fn ask_thread(self: &Arc<Self>, state: &mut State<W>) -> GivenUp<W> {
        state.asked = true;
        match self.call_thread(state) {
            Err(cause) if matches!(state.next_leader(), Some(Next::Thread)) => {
                let (jobs, slots) = state.queue.take(usize::MAX);
                GivenUp(
                    jobs.into_iter()
                        .zip(slots)
                        .map(|(job, slot)| (job, slot, W::unavailable(&cause)))
                        .collect(),
                )
            }
            // The leading thread passes the lead on.
            _ => GivenUp(Vec::new()),
        }
    }

    /// Wakes the group's own thread, or starts it.
    fn call_thread(self: &Arc<Self>, state: &mut State<W>) -> io::Result<()> {
        if !state.has_thread {
            let weak = Arc::downgrade(self);
            start("es-writer", move || serve(&weak))?;
            state.has_thread = true;
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.called.notify_all();
        Ok(())
    }

    /// Does one job at once, if nobody leads and nobody waits.
    fn at_once(self: &Arc<Self>, job: W::Job) -> Result<W::Outcome, W::Job> {
        let mut state = self.lock();
        if state.closed {
            return Ok(W::closed());
        }
        if !state.queue.is_empty() {
            return Err(job);
        }
        let Some(mut worker) = state.take_worker() else { return Err(job) };
        drop(state);
        let (mut outcomes, bells) = self.run(&mut worker, vec![job]);
        let outcome = outcomes.pop().unwrap_or_else(|| worker.broken());
        self.give_back(worker);
        bells.iter().for_each(Bell::ring);
        Ok(outcome)
    }

    /// Lets the worker work, and returns also the bells to ring once it is back.
    fn run(&self, worker: &mut W, jobs: Vec<W::Job>) -> (Vec<W::Outcome>, Vec<Bell>) {
        let many = jobs.len();
        AT_WORK.with_borrow_mut(|groups| groups.push(self.number()));
        let done = hold_back(|| catch_unwind(AssertUnwindSafe(|| worker.run(jobs))));
        AT_WORK.with_borrow_mut(Vec::pop);
        let (outcomes, bells) = done;
        (outcomes.unwrap_or_else(|_| (0..many).map(|_| worker.broken()).collect()), bells)
    }

    /// Returns whether this thread works for the group now.
    fn is_at_work_here(&self) -> bool {
        AT_WORK.with_borrow(|groups| groups.contains(&self.number()))
    }

    /// Returns a number that no other group has.
    fn number(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

thread_local! {
    /// The groups that this thread works for: the code of one worker may submit jobs to another.
    static AT_WORK: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

enum Next {
    Waiting(Waker),
    Thread,
}

impl<W: Worker> State<W> {
    /// Returns the next leader, if there is work and nobody leads.
    fn next_leader(&self) -> Option<Next> {
        if self.worker.is_none() || self.queue.is_empty() {
            return None;
        }
        Some(self.queue.waiting().next().map_or(Next::Thread, Next::Waiting))
    }

    fn take_worker(&mut self) -> Option<W> {
        self.turns += u64::from(self.worker.is_some());
        self.worker.take()
    }

    /// Takes the worker out, if it is not needed any more.
    fn take_ended(&mut self) -> Option<W> {
        if self.closed && self.queue.is_empty() { self.worker.take() } else { None }
    }
}

/// The jobs that nobody works for, with their outcomes.
struct GivenUp<W: Worker>(Vec<Lost<W>>);

type Lost<W> = (<W as Worker>::Job, Arc<Slot<<W as Worker>::Outcome>>, <W as Worker>::Outcome);

impl<W: Worker> GivenUp<W> {
    /// Delivers the outcomes; runs without the lock, because it wakes.
    fn report(self) {
        for (_, slot, outcome) in self.0 {
            if let Some(waker) = slot.fill(outcome) {
                wake(waker);
            }
        }
    }
}

/// The future of a submitted job, which returns its outcome.
pub(super) struct Submitted<W: Worker> {
    shared: Arc<Shared<W>>,
    job: Option<W::Job>,
    slot: Option<Arc<Slot<W::Outcome>>>,
    /// The number of the job in the queue.
    number: u64,
}

// The future pins nothing in it.
impl<W: Worker> Unpin for Submitted<W> {}

impl<W: Worker> Future for Submitted<W> {
    type Output = W::Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<W::Outcome> {
        let may_block = may_block();
        if let Some(mut job) = self.job.take() {
            if self.shared.is_at_work_here() {
                return Poll::Ready(W::within());
            }
            if may_block {
                match self.shared.at_once(job) {
                    Ok(outcome) => return Poll::Ready(outcome),
                    Err(back) => job = back,
                }
            }
            let slot = Slot::new();
            // The slot has the waker before the queue has the job: so the thread that fills the slot finds the waker.
            let _ = slot.poll(context);
            self.slot = Some(Arc::clone(&slot));
            let mut state = self.shared.lock();
            if state.closed {
                drop(state);
                self.slot = None;
                return Poll::Ready(W::closed());
            }
            let is_next = state.queue.is_empty() && state.worker.is_some();
            let looks = is_next && self.shared.stays_awake && state.last_round <= LOOK;
            let number = state.queue.push(job, slot, may_block);
            let given_up = (!may_block).then(|| self.shared.ask_thread(&mut state));
            drop(state);
            self.number = number;
            if let Some(given_up) = given_up {
                given_up.report();
                if looks {
                    self.look_awhile();
                }
            }
        }
        let Some(slot) = self.slot.clone() else { return Poll::Ready(W::closed()) };
        loop {
            if let Poll::Ready(outcome) = slot.poll(context) {
                self.slot = None;
                return Poll::Ready(outcome.unwrap_or_else(W::closed));
            }
            if !may_block {
                return Poll::Pending;
            }
            // The `let` releases the lock before the next line.
            let worker = self.shared.lock().take_worker();
            let Some(worker) = worker else { return Poll::Pending };
            self.shared.lead(worker, ROUNDS);
        }
    }
}

impl<W: Worker> Submitted<W> {
    /// Spins for a while: a single job is often answered sooner than an executor could wake a sleeping thread.
    fn look_awhile(&self) {
        let Some(slot) = &self.slot else { return };
        let since = Instant::now();
        while !slot.is_filled() && since.elapsed() < LOOK {
            std::hint::spin_loop();
        }
    }
}

impl<W: Worker> Drop for Submitted<W> {
    fn drop(&mut self) {
        if self.slot.take().is_none() {
            return;
        }
        let mut state = self.shared.lock();
        // The group never does a job that was dropped before it began. Its future may have been the next to lead, or
        // the last in the queue.
        if let Some(job) = state.queue.give_up(self.number) {
            self.shared.pass_on(state);
            drop(job);
        }
    }
}

/// Starts a thread of the recorder.
pub(super) fn start(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    #[cfg(test)]
    if NO_THREADS.get() {
        return Err(io::Error::other("no more threads, on purpose"));
    }
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

#[cfg(test)]
thread_local! {
    /// True if this thread may not start others.
    pub(super) static NO_THREADS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs the group's own thread.
fn serve<W: Worker>(weak: &Weak<Shared<W>>) {
    let Some(shared) = weak.upgrade() else { return };
    let mut state = shared.lock();
    let mut nobody_came = false;
    let mut is_fresh = false;
    while !(state.closed && state.queue.is_empty()) {
        if (state.asked || nobody_came)
            && !state.queue.is_empty()
            && let Some(worker) = state.take_worker()
        {
            (state.asked, nobody_came) = (false, false);
            drop(state);
            shared.lead(worker, usize::MAX);
            state = shared.lock();
            is_fresh = true;
        } else if is_fresh && shared.stays_awake {
            // A caller that was just answered often submits again at once, and waking from sleep would cost more than a
            // commit.
            is_fresh = false;
            let seen = shared.calls.load(Ordering::Relaxed);
            drop(state);
            let since = Instant::now();
            while shared.calls.load(Ordering::Relaxed) == seen && since.elapsed() < AWAKE {
                std::hint::spin_loop();
            }
            state = shared.lock();
        } else if state.watched {
            let seen = state.turns;
            let waited = shared.called.wait_timeout(state, GRACE);
            let (again, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = again;
            nobody_came = timeout.timed_out() && state.turns == seen;
            state.watched = !state.queue.is_empty();
        } else {
            state = shared.called.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
    let ended = state.take_ended();
    drop(state);
    drop(ended);
}

#[cfg(test)]
mod tests;
