//! The runtime of the connections, and who drives it.
//!
//! The recorder's thread drives the runtime. If one thread at a time waits for answers, again and again, the recorder's
//! thread rests, and the waiting thread drives the runtime: then a call wakes no other thread. The recorder's thread goes
//! on as soon as another caller comes, an executor polls a call, or nobody calls for a moment.

#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Wake};
use std::time::{Duration, Instant};
use std::{process, thread};

use futures_util::future::select;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use super::error;
use crate::error::Error;
use crate::wait::{Parker, Work, may_block, offer, withdraw};

/// The number of calls, each alone, after which the thread rests.
const OFTEN: u32 = 16;
/// The time without a call after which the thread goes on.
const QUIET: Duration = Duration::from_millis(2);

pub(crate) struct Engine {
    state: Mutex<State>,
    handle: Handle,
    /// The process with the thread: a fork of it may not touch the connections.
    process: u32,
    /// Calls the recorder's thread away from the runtime.
    called: Notify,
    /// Calls a caller away from it, at the end.
    ended: Notify,
    /// Calls the recorder's thread back to it.
    needed: Condvar,
}

#[derive(Default)]
struct State {
    /// The runtime, while nobody drives it.
    at_rest: Option<Runtime>,
    /// The number of callers that wait for answers.
    waiting: usize,
    /// The caller that found the runtime driven by another thread, and would drive it.
    willing: Option<Arc<Parker>>,
    /// The number of answered calls that followed each other, each of a thread that could drive the runtime.
    alone: u32,
    /// The last time that a call was answered, or the recorder's thread began to rest.
    last: Option<Instant>,
    rest: Rest,
    /// True once the recorder's thread has to end its rest.
    is_needed: bool,
    is_over: bool,
}

/// The rest of the recorder's thread.
#[derive(Default, PartialEq)]
enum Rest {
    /// The thread drives the runtime.
    #[default]
    None,
    /// The thread looks again after a short time.
    Short,
    /// The thread sleeps until a caller leaves the runtime.
    Long,
}

impl Engine {
    /// Makes the runtime, and starts the thread.
    pub(crate) fn start() -> Result<Arc<Self>, Error> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(error::no_runtime)?;
        let engine = Arc::new(Self {
            state: Mutex::default(),
            handle: runtime.handle().clone(),
            process: process::id(),
            called: Notify::new(),
            ended: Notify::new(),
            needed: Condvar::new(),
        });
        let driven = Arc::clone(&engine);
        let drive = move || driven.drive(runtime);
        thread::Builder::new().name("es-postgres".to_owned()).spawn(drive).map_err(error::no_runtime)?;
        Ok(engine)
    }

    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the runtime with all its tasks. Does not wait for that: an executor may drop the database.
    pub(crate) fn end(&self) {
        self.lock().is_over = true;
        self.called.notify_one();
        self.ended.notify_one();
        self.needed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something that the runtime does.
    pub(crate) async fn attend<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut waiting = None;
        poll_fn(|context| {
            let polled = future.as_mut().poll(context);
            let waiting = waiting.get_or_insert_with(|| Waiting::begin(self));
            waiting.may_drive = may_block() && is_outside_of_executors();
            waiting.is_answered = polled.is_ready();
            if polled.is_pending() {
                if waiting.may_drive {
                    offer(&(Arc::clone(self) as Arc<dyn Work>));
                } else {
                    self.need();
                }
            }
            polled
        })
        .await
    }

    /// Drives the runtime to its end.
    fn drive(&self, mut runtime: Runtime) {
        loop {
            runtime.block_on(self.called.notified());
            match self.rest(runtime) {
                Some(again) => runtime = again,
                None => return,
            }
        }
    }

    /// Leaves the runtime to a caller that is alone, until somebody else needs it; returns `None` at its end.
    fn rest(&self, runtime: Runtime) -> Option<Runtime> {
        let mut state = self.lock();
        (state.at_rest, state.last) = (Some(runtime), Some(Instant::now()));
        let willing = state.willing.take().filter(|_| state.waiting == 1);
        (state.rest, state.is_needed) = (Rest::Short, state.waiting > 0 && willing.is_none());
        if let Some(parker) = willing {
            parker.wake();
        }
        let taken = loop {
            // A caller that waits may have to wait for another database first.
            let quiet_in = state.last.map_or(Duration::ZERO, |last| QUIET.saturating_sub(last.elapsed()));
            if (state.is_needed || state.is_over || quiet_in.is_zero())
                && let Some(runtime) = state.at_rest.take()
            {
                break runtime;
            }
            state = if state.at_rest.is_none() {
                state.rest = Rest::Long;
                self.needed.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                state.rest = Rest::Short;
                self.needed.wait_timeout(state, quiet_in).unwrap_or_else(PoisonError::into_inner).0
            };
        };
        state.rest = Rest::None;
        state.alone = 0;
        let is_over = state.is_over;
        drop(state);
        if is_over {
            taken.shutdown_background();
            return None;
        }
        Some(taken)
    }
}

impl Work for Engine {
    fn work(&self, parker: &Arc<Parker>) {
        if self.process != process::id() {
            return;
        }
        let runtime = {
            let mut state = self.lock();
            let is_free = !state.is_needed && !state.is_over;
            let Some(runtime) = state.at_rest.take_if(|_| is_free) else {
                // Another thread drives the runtime, or will.
                state.willing = Some(Arc::clone(parker));
                return;
            };
            runtime
        };
        let driven = Driven { engine: self, runtime: Some(runtime) };
        if let Some(runtime) = &driven.runtime {
            let woken =
                poll_fn(|context| if parker.poll_woken(context) { Poll::Ready(()) } else { Poll::Pending });
            runtime.block_on(select(pin!(woken), pin!(self.ended.notified())));
        }
    }

    fn need(&self) {
        if self.process != process::id() {
            return;
        }
        let mut state = self.lock();
        state.willing = None;
        if state.rest != Rest::None {
            state.is_needed = true;
            self.needed.notify_one();
        }
    }
}

/// Returns whether this thread may drive a runtime: tokio drives none within another one, and none on a thread that ends.
fn is_outside_of_executors() -> bool {
    Handle::try_current().is_err_and(|error| error.is_missing_context())
}

/// The runtime while a caller drives it. It comes to rest again, even if a task of it panics.
struct Driven<'e> {
    engine: &'e Engine,
    runtime: Option<Runtime>,
}

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        let mut state = self.engine.lock();
        state.at_rest = self.runtime.take();
        // The caller itself still counts.
        state.is_needed |= state.waiting > 1;
        if state.is_needed || state.is_over || state.rest == Rest::Long {
            self.engine.needed.notify_one();
        }
    }
}

/// A caller that waits for an answer.
struct Waiting<'e> {
    engine: &'e Engine,
    may_drive: bool,
    is_answered: bool,
}

impl<'e> Waiting<'e> {
    fn begin(engine: &'e Engine) -> Self {
        let mut state = engine.lock();
        state.waiting += 1;
        if state.waiting > 1 || state.last.is_some_and(|last| last.elapsed() > QUIET) {
            state.alone = 0;
        }
        Self { engine, may_drive: false, is_answered: false }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.engine.lock();
        state.waiting = state.waiting.saturating_sub(1);
        state.willing = None;
        if !self.may_drive || !self.is_answered || state.waiting > 0 {
            state.alone = 0;
            drop(state);
            if !self.is_answered {
                // The call may have offered its work, which nobody has to do for it any more.
                withdraw();
                self.engine.need();
            }
            return;
        }
        state.last = Some(Instant::now());
        state.alone = state.alone.saturating_add(1);
        if state.alone == OFTEN {
            self.engine.called.notify_one();
        }
    }
}
