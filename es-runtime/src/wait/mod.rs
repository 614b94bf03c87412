//! Waiting for a future without an async runtime.

mod slot;
mod bell;
mod timer;
mod retry;
#[cfg(feature = "postgres")]
mod work;

use std::cell::Cell;
use std::future::{Future, IntoFuture, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "postgres")]
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

pub(crate) use self::bell::Bell;
#[cfg(feature = "sqlite")]
pub(crate) use self::bell::hold_back;
pub use self::retry::{Attempts, Retry};
pub(crate) use self::slot::Slot;
pub use self::timer::{Elapsed, Sleep, sleep, timeout};
#[cfg(feature = "postgres")]
pub(crate) use self::work::{Work, offer, withdraw};
use crate::error::{Error, ErrorKind};

/// A future, or a value that becomes one, for which a thread can wait without an async runtime.
///
/// An embedded store then works on the waiting thread itself, without a hop to another thread; a store on a server does, if
/// that thread alone waits for it. Do not wait inside async code: it would block the executor.
///
/// ```
/// use es_runtime::Wait;
///
/// assert_eq!(async { 1 + 1 }.wait(), 2);
/// ```
pub trait Wait: IntoFuture + Sized {
    /// Blocks the thread until the future is ready, and returns its output.
    fn wait(self) -> Self::Output {
        let mut future = pin!(self.into_future());
        #[cfg(feature = "postgres")]
        let _withdrawn = work::Withdraw;
        if let Poll::Ready(output) =
            poll_blocking(|| future.as_mut().poll(&mut Context::from_waker(Waker::noop())))
        {
            // Most stores answer at once: then no waker is made.
            return output;
        }
        let parker = Arc::new(Parker::of_this_thread());
        let waker = Waker::from(Arc::clone(&parker));
        let mut context = Context::from_waker(&waker);
        #[cfg(feature = "postgres")]
        let mut done = None;
        loop {
            if let Poll::Ready(output) = poll_blocking(|| future.as_mut().poll(&mut context)) {
                return output;
            }
            while !parker.woken.swap(false, Ordering::Acquire) {
                #[cfg(feature = "postgres")]
                parker.park(&mut done);
                #[cfg(not(feature = "postgres"))]
                thread::park();
            }
        }
    }
}

impl<F: IntoFuture> Wait for F {}

/// Runs blocking work: here, if this thread waits anyway, else on a thread of its own.
pub(crate) async fn unblock<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if poll_fn(|_| Poll::Ready(may_block())).await { work() } else { unblock_apart(work).await }
}

/// Runs blocking work on a thread of its own, so that the caller can do something else meanwhile.
pub(crate) async fn unblock_apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (mut work, slot) = (Some(work), Slot::new());
    poll_fn(move |context| {
        if let Some(work) = work.take() {
            let filled = Arc::clone(&slot);
            let spawned = thread::Builder::new().name("es-work".to_owned()).spawn(move || {
                if let Some(waker) = filled.fill(catch_unwind(AssertUnwindSafe(work))) {
                    wake(waker);
                }
            });
            if let Err(cause) = spawned {
                let message = format!("no thread can be started: {cause}; there may be too many");
                return Poll::Ready(Err(Error::new(ErrorKind::Unavailable, message).with_source(cause)));
            }
        }
        slot.poll(context).map(|done| match done {
            Some(Ok(done)) => done,
            // The panic goes on as if the work had run here.
            Some(Err(panic)) => resume_unwind(panic),
            None => Err(taken()),
        })
    })
    .await
}

/// Awaits two futures at the same time.
pub(crate) async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = other.as_mut().poll(context)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// Wakes, and catches a panic: a waker is code of the caller, and others may still have to be woken.
pub(crate) fn wake(waker: Waker) {
    // The payload is never dropped: the drop might panic, too.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        std::mem::forget(panic);
    }
}

fn taken() -> Error {
    Error::new(ErrorKind::Invalid, "the future was polled again after it was ready")
}

thread_local! {
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether the current poll may block this thread, because [`Wait::wait`] made it.
///
/// Meant for recorders. The poll of an executor must not block; a waiting thread may do the work itself.
pub fn may_block() -> bool {
    MAY_BLOCK.get()
}

fn poll_blocking<T>(poll: impl FnOnce() -> T) -> T {
    let _restored = Restore(MAY_BLOCK.replace(true));
    poll()
}

/// A guard that restores the mark, even if a poll panics.
struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        MAY_BLOCK.set(self.0);
    }
}

/// A thread that waits.
pub(crate) struct Parker {
    thread: Thread,
    woken: AtomicBool,
    /// Wakes the work that the thread does while it waits.
    #[cfg(feature = "postgres")]
    worker: Mutex<Option<Waker>>,
}

impl Parker {
    fn of_this_thread() -> Self {
        Self {
            thread: thread::current(),
            woken: AtomicBool::new(false),
            #[cfg(feature = "postgres")]
            worker: Mutex::default(),
        }
    }

    /// Does the work that was offered, or stops the thread, until somebody wakes it. May return earlier.
    #[cfg(feature = "postgres")]
    fn park(self: &Arc<Self>, done: &mut Option<Arc<dyn Work>>) {
        if let Some(work) = work::take() {
            let _restored = Restore(MAY_BLOCK.replace(false));
            work.work(self);
            *done = Some(work);
            return;
        }
        // The last poll did not reach the call that offered the work before.
        if let Some(work) = done.take() {
            work.need();
        }
        thread::park();
    }

    /// Returns whether the thread is woken; if it is not, leaves a waker for the work that it does.
    #[cfg(feature = "postgres")]
    pub(crate) fn poll_woken(&self, context: &Context<'_>) -> bool {
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
        #[cfg(feature = "postgres")]
        {
            let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(worker) = worker {
                worker.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_future_that_is_woken_from_another_thread_is_waited_for() {
        let (send, receive) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || {
            let waker = receive.recv().unwrap();
            thread::sleep(Duration::from_millis(20));
            waker.wake();
        });
        let mut polls = 0;
        let made = poll_fn(|context| {
            polls += 1;
            match polls {
                1 => Poll::Pending,
                2 => {
                    send.send(context.waker().clone()).unwrap();
                    Poll::Pending
                }
                _ => Poll::Ready(may_block()),
            }
        });
        // The waker of the first poll does nothing, so `wait` polls a second time at once.
        assert!(made.wait());
        other.join().unwrap();
    }

    #[test]
    fn work_that_panics_on_a_thread_of_its_own_panics_for_who_waits() {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut work = pin!(unblock(|| -> Result<(), Error> { panic!("on purpose") }));
            let waker = Waker::from(Arc::new(Parker::of_this_thread()));
            // Polls like an executor, without the mark.
            let waited = catch_unwind(AssertUnwindSafe(|| {
                while work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                    thread::park();
                }
            }));
            send.send(waited.is_err())
        });
        assert_eq!(receive.recv_timeout(Duration::from_secs(5)), Ok(true), "nobody wakes who waits");
    }

    #[test]
    fn only_polls_of_a_waiting_thread_may_block() {
        assert!(!may_block());
        async { assert!(may_block()) }.wait();
        assert!(!may_block());
        catch_unwind(AssertUnwindSafe(|| async { panic!("on purpose") }.wait())).unwrap_err();
        assert!(!may_block());
    }
}
