//! The timer: one thread for the process, which starts with the first sleep and wakes every sleep that is over.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::process;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};

/// Returns a future that is ready once `duration` is over, counted from this call.
///
/// The sleep works under every executor and under [`Wait::wait`](crate::Wait::wait). It follows the monotonic time of
/// the machine: a clock that is [set](crate::clock::set_clock) does not change it. A dropped sleep costs nothing more.
///
/// ```
/// use std::time::Duration;
///
/// use es_runtime::Wait;
/// use es_runtime::wait::sleep;
///
/// sleep(Duration::from_millis(5)).wait();
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { timer: &TIMER, until: Instant::now().checked_add(duration), number: None }
}

/// Returns a future that abandons `future` after `duration`, counted from this call.
///
/// The timer cannot interrupt a poll. Under [`Wait::wait`](crate::Wait::wait) an embedded store works within a poll:
/// the time limit then counts between such pieces of work. An abandoned save may be stored: save again to find out.
///
/// ```
/// use std::time::Duration;
///
/// use es_runtime::Wait;
/// use es_runtime::wait::{sleep, timeout};
///
/// let limit = Duration::from_millis(5);
/// assert!(timeout(limit, sleep(Duration::from_secs(60))).wait().is_err());
/// assert!(timeout(Duration::from_secs(60), sleep(limit)).wait().is_ok());
/// ```
///
/// # Errors
///
/// [`Elapsed`] if the time is over before the future is ready.
pub fn timeout<F: IntoFuture>(
    duration: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    let mut sleep = sleep(duration);
    let future = future.into_future();
    async move {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => Pin::new(&mut sleep).poll(context).map(|()| Err(Elapsed(duration))),
        })
        .await
    }
}

/// The error of a [`timeout`] whose time is over. `?` converts it into an [`Error`] of the kind [`ErrorKind::Timeout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the work was not done within {:?}; try again, or allow more time", self.0)
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(ErrorKind::Timeout, elapsed.to_string()).with_source(elapsed)
    }
}

/// A future that is ready at a moment: see [`sleep`].
#[must_use = "a sleep does nothing before it is awaited"]
pub struct Sleep {
    timer: &'static Timer,
    /// The end, or `None` beyond the range of the machine's clock: the sleep then never ends.
    until: Option<Instant>,
    /// The number of the sleep, once the timer knows it.
    number: Option<u64>,
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.until else { return Poll::Pending };
        if Instant::now() >= until {
            self.leave();
            return Poll::Ready(());
        }
        if let Ok(number) = self.timer.enter(until, self.number, context.waker().clone()) {
            self.number = Some(number);
        } else {
            // Without a thread, the sleeper itself has to watch the time.
            thread::yield_now();
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Sleep {
    fn leave(&mut self) {
        if let (Some(until), Some(number)) = (self.until, self.number.take()) {
            self.timer.leave(until, number);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}

static TIMER: Timer =
    Timer::new(|| thread::Builder::new().name("es-timer".to_owned()).spawn(|| TIMER.run()).map(drop));

struct Timer {
    start: fn() -> io::Result<()>,
    sleepers: Mutex<Sleepers>,
    /// Signals the thread that a new sleeper is due before the others.
    sooner: Condvar,
}

struct Sleepers {
    /// The process that runs the thread. A fork of the process has a copy of this value, but no thread.
    process: Option<u32>,
    next: u64,
    wakers: BTreeMap<(Instant, u64), Waker>,
}

impl Timer {
    const fn new(start: fn() -> io::Result<()>) -> Self {
        let sleepers = Sleepers { process: None, next: 0, wakers: BTreeMap::new() };
        Self { start, sleepers: Mutex::new(sleepers), sooner: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the waker, and returns the number of the sleeper. Fails if the timer has no thread.
    fn enter(&self, until: Instant, known: Option<u64>, waker: Waker) -> io::Result<u64> {
        let mut sleepers = self.lock();
        let process = process::id();
        if sleepers.process != Some(process) {
            (self.start)()?;
            sleepers.process = Some(process);
            // These wakers belong to the parent: their executors may hold locks that no thread of the fork releases.
            std::mem::forget(std::mem::take(&mut sleepers.wakers));
        }
        let number = known.unwrap_or(sleepers.next);
        sleepers.next = sleepers.next.max(number + 1);
        let before = sleepers.wakers.insert((until, number), waker);
        let is_first = sleepers.wakers.first_key_value().is_some_and(|(first, _)| *first == (until, number));
        drop(sleepers);
        if is_first && before.is_none() {
            self.sooner.notify_one();
        }
        // The old waker is dropped outside the lock, because dropping it runs foreign code.
        drop(before);
        Ok(number)
    }

    fn leave(&self, until: Instant, number: u64) {
        let left = self.lock().wakers.remove(&(until, number));
        drop(left);
    }

    /// Wakes sleepers, for ever.
    fn run(&self) {
        loop {
            for waker in self.next_due().into_values() {
                super::wake(waker);
            }
        }
    }

    /// Waits until at least one sleeper is due, and takes all that are due.
    fn next_due(&self) -> BTreeMap<(Instant, u64), Waker> {
        let mut sleepers = self.lock();
        loop {
            let now = Instant::now();
            let later = sleepers.wakers.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut sleepers.wakers, later);
            if !due.is_empty() {
                return due;
            }
            let first = sleepers.wakers.first_key_value().map(|((until, _), _)| *until);
            sleepers = match first {
                Some(first) => {
                    let waited = self.sooner.wait_timeout(sleepers, first.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.sooner.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    fn poll(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
        Pin::new(sleep).poll(&mut Context::from_waker(waker))
    }

    fn knows(sleep: &Sleep) -> bool {
        let key = (sleep.until.unwrap(), sleep.number.unwrap());
        TIMER.lock().wakers.contains_key(&key)
    }

    #[test]
    fn a_dropped_sleep_is_forgotten() {
        let mut long = sleep(Duration::from_secs(3_600));
        assert!(poll(&mut long, Waker::noop()).is_pending());
        assert!(poll(&mut long, Waker::noop()).is_pending());
        let key = (long.until.unwrap(), long.number.unwrap());
        assert!(knows(&long));
        drop(long);
        assert!(!TIMER.lock().wakers.contains_key(&key));
    }

    #[test]
    fn a_sleep_without_a_thread_ends_all_the_same() {
        static THREADLESS: Timer = Timer::new(|| Err(io::Error::other("no thread can be started")));
        struct Count(AtomicUsize);
        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let duration = Duration::from_millis(5);
        let (begun, mut polls) = (Instant::now(), 0);
        let mut sleep = Sleep { timer: &THREADLESS, ..sleep(duration) };
        while poll(&mut sleep, &waker).is_pending() {
            polls += 1;
            assert_eq!(count.0.load(Ordering::Relaxed), polls, "nobody else wakes the sleeper");
        }
        assert!(begun.elapsed() >= duration);
    }

    #[test]
    fn a_sleep_in_a_fork_of_the_process_ends_and_wakes_nobody_of_the_parent() {
        static FORKED: Timer = Timer::new(|| thread::Builder::new().spawn(|| FORKED.run()).map(drop));
        struct Parents(AtomicUsize);
        impl Wake for Parents {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let parents = Arc::new(Parents(AtomicUsize::new(0)));
        let until = Instant::now() + Duration::from_millis(1);
        {
            let mut sleepers = FORKED.lock();
            // A fork finds the timer like this: another process has the thread.
            sleepers.process = Some(process::id() + 1);
            sleepers.wakers.insert((until, 0), Waker::from(Arc::clone(&parents)));
            sleepers.next = 1;
        }
        let (send, receive) = std::sync::mpsc::channel();
        thread::spawn(move || {
            crate::Wait::wait(Sleep { timer: &FORKED, ..sleep(Duration::from_millis(20)) });
            send.send(())
        });
        assert_eq!(receive.recv_timeout(Duration::from_secs(5)), Ok(()), "no thread wakes the sleeper");
        assert_eq!(parents.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_waker_that_panics_stops_nobody_else() {
        struct Bomb;
        impl Wake for Bomb {
            fn wake(self: Arc<Self>) {
                panic!("on purpose");
            }
        }
        let bomb = Waker::from(Arc::new(Bomb));
        let mut first = sleep(Duration::from_millis(1));
        assert!(poll(&mut first, &bomb).is_pending());
        // The waker of `first` panics before the other waker is called.
        crate::Wait::wait(sleep(Duration::from_millis(20)));
        assert!(!knows(&first), "the waker was called");
        crate::Wait::wait(sleep(Duration::from_millis(1)));
    }

    #[test]
    fn a_waker_may_sleep_again_and_drop_other_sleeps() {
        struct Again(Mutex<Vec<Sleep>>);
        impl Wake for Again {
            fn wake(self: Arc<Self>) {
                // Deadlocks if the timer drops the waker under the lock.
                drop(std::mem::take(&mut *self.0.lock().unwrap()));
                assert!(poll(&mut sleep(Duration::from_secs(3_600)), Waker::noop()).is_pending());
            }
        }
        let mut other = sleep(Duration::from_secs(3_600));
        assert!(poll(&mut other, Waker::noop()).is_pending());
        let again = Arc::new(Again(Mutex::new(vec![other])));
        let mut first = sleep(Duration::from_millis(1));
        assert!(poll(&mut first, &Waker::from(Arc::clone(&again))).is_pending());
        crate::Wait::wait(sleep(Duration::from_millis(20)));
        assert!(again.0.lock().unwrap().is_empty());
    }
}
