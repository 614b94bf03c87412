use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::wait::Wait;

/// A way to drive the futures of a recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By [`Wait::wait`]: the store may do its work on the waiting thread.
    Waiting,
    /// As an executor polls: no poll may block.
    Polled,
}

impl Way {
    /// Drives a future to its end.
    pub fn run<F: IntoFuture>(self, future: F) -> F::Output {
        match self {
            Self::Waiting => future.wait(),
            Self::Polled => polled(future),
        }
    }
}

/// The longest time that a rule waits for an event that has to come, on a slow machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Drives a future without the mark that allows it to block.
fn polled<F: IntoFuture>(future: F) -> F::Output {
    let mut future = pin!(future.into_future());
    let parker = Arc::new(Parker { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let began = Instant::now();
        while !parker.woken.swap(false, Ordering::Acquire) {
            let waited = began.elapsed();
            assert!(waited < PATIENCE, "a future was polled and then never woken, for {waited:?}");
            thread::park_timeout(PATIENCE);
        }
    }
}

struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}
