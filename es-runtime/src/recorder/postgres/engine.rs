//! The runtime of the connections, and who drives it.
//!
//! The recorder's thread drives the runtime. If one thread at a time waits for answers, again and again, the recorder's
//! thread rests, and the waiting thread drives the runtime: then a call wakes no other thread. The recorder's thread goes
//! on as soon as another caller comes, an executor polls a call, or nobody calls for a moment.

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

pub(super) struct Engine {
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
    /// The thread looks from time to time whether somebody calls.
    Short,
    /// The thread sleeps until a caller leaves the runtime.
    Long,
}

impl Engine {
    /// Makes the runtime, and starts the thread.
    pub(super) fn start() -> Result<Arc<Self>, Error> {
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

    pub(super) const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the runtime with all its tasks. Does not wait for that: an executor may drop the database.
    pub(super) fn end(&self) {
        self.lock().is_over = true;
        self.called.notify_one();
        self.ended.notify_one();
        self.needed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something that the runtime does.
    pub(super) async fn attend<F: Future>(self: &Arc<Self>, future: F) -> F::Output {
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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::{Arc, Barrier, mpsc};
    use std::task::{Context, Waker};
    use std::thread::{self, ThreadId};
    use std::time::{Duration, Instant};

    use tokio::time::sleep;

    use super::{Engine, OFTEN, QUIET};
    use crate::wait::{Wait, timeout};

    /// Returns the thread that ran a task for a call of this thread.
    fn driver(engine: &Arc<Engine>) -> ThreadId {
        engine.attend(engine.handle().spawn(async { thread::current().id() })).wait().expect("it runs")
    }

    /// Calls until this thread drives the runtime itself.
    fn until_alone(engine: &Arc<Engine>) {
        let (begun, here) = (Instant::now(), thread::current().id());
        while driver(engine) != here {
            assert!(begun.elapsed() < Duration::from_secs(20), "this thread never drives the runtime");
        }
    }

    #[test]
    fn a_caller_that_is_alone_again_and_again_drives_the_runtime() {
        let engine = Engine::start().expect("it starts");
        let here = thread::current().id();
        assert_ne!(driver(&engine), here, "one call says little");
        until_alone(&engine);
        // Another thread may stop this one for longer than the time that counts as quiet.
        assert!((0..1_000).filter(|_| driver(&engine) == here).count() > 100);
        let begun = Instant::now();
        loop {
            thread::sleep(QUIET * 20);
            if driver(&engine) != here {
                break;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the thread never goes on, though nobody calls"
            );
        }
        engine.end();
    }

    #[test]
    fn a_timer_that_nobody_waits_for_goes_on_while_the_thread_rests() {
        let engine = Engine::start().expect("it starts");
        until_alone(&engine);
        let (send, receive) = mpsc::channel();
        drop(engine.handle().spawn(async move {
            sleep(Duration::from_millis(5)).await;
            send.send(())
        }));
        assert_eq!(receive.recv_timeout(Duration::from_secs(20)), Ok(()));
        engine.end();
    }

    #[test]
    fn calls_of_an_executor_are_answered_while_another_thread_calls_alone() {
        let engine = Engine::start().expect("it starts");
        let over = Arc::new(Barrier::new(2));
        let (of_caller, until) = (Arc::clone(&engine), Arc::clone(&over));
        let calling = thread::spawn(move || {
            let mut calls = 0;
            while Arc::strong_count(&until) > 1 {
                driver(&of_caller);
                calls += 1;
            }
            calls
        });
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        executor.block_on(async {
            for _ in 0..500 {
                let call = engine.attend(engine.handle().spawn(sleep(Duration::from_micros(100))));
                timeout(Duration::from_secs(20), call).await.expect("in time").expect("it runs");
            }
        });
        drop(over);
        assert!(calling.join().expect("it ends") > OFTEN);
        engine.end();
    }

    #[test]
    fn a_future_that_was_polled_once_goes_on_while_the_thread_rests() {
        let engine = Engine::start().expect("it starts");
        until_alone(&engine);
        let (send, receive) = mpsc::channel();
        let mut call = pin!(engine.attend(async {
            engine.handle().spawn(async move { send.send(()) }).await.expect("it runs").expect("it is heard");
        }));
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(receive.recv_timeout(Duration::from_secs(20)), Ok(()));
        // It counts as a call under way, so nobody is alone.
        assert_ne!(driver(&engine), thread::current().id());
        call.wait();
        engine.end();
    }

    #[test]
    fn a_thread_that_waits_for_two_runtimes_stops_neither() {
        let engines = [Engine::start().expect("it starts"), Engine::start().expect("it starts")];
        let [first, second] = &engines;
        for _ in 0..20 {
            until_alone(first);
            until_alone(second);
            // The answer of the second runtime depends on the first one.
            let (answer, answered) = tokio::sync::oneshot::channel();
            let one = first.attend(first.handle().spawn(async move { answer.send(()) }));
            let other = second.attend(second.handle().spawn(answered));
            let both = timeout(Duration::from_secs(20), futures_util::future::join(one, other));
            assert!(both.wait().is_ok(), "one waits for the other");
        }
        for engine in &engines {
            engine.end();
        }
    }

    #[test]
    fn an_unrelated_wait_drives_nothing() {
        let engine = Engine::start().expect("it starts");
        let here = thread::current().id();
        until_alone(&engine);
        let (send, receive) = mpsc::channel();
        async {
            // The call offers the runtime, and is given up.
            let call = engine.attend(engine.handle().spawn(std::future::pending::<()>()));
            assert!(timeout(Duration::from_micros(100), call).await.is_err());
            drop(engine.handle().spawn(async move { send.send(thread::current().id()) }));
            crate::wait::sleep(Duration::from_millis(50)).await;
        }
        .wait();
        assert_ne!(receive.recv_timeout(Duration::from_secs(20)).expect("it runs"), here);
        engine.end();
    }

    #[test]
    fn calls_that_are_given_up_at_once_stop_nobody() {
        let engine = Engine::start().expect("it starts");
        until_alone(&engine);
        let (send, receive) = mpsc::channel();
        let mut send = Some(send);
        let begun = Instant::now();
        while receive.try_recv().is_err() {
            let given_up = engine.attend(engine.handle().spawn(std::future::pending::<()>()));
            assert!(timeout(Duration::ZERO, given_up).wait().is_err());
            if let Some(send) = send.take() {
                drop(engine.handle().spawn(async move { send.send(()) }));
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "nobody drives the runtime");
            thread::sleep(Duration::from_micros(500));
        }
        engine.end();
    }

    #[test]
    fn a_thread_that_ends_can_call() {
        struct Last(Arc<Engine>, mpsc::Sender<bool>);
        impl Drop for Last {
            fn drop(&mut self) {
                let answer = self.0.attend(self.0.handle().spawn(async {})).wait();
                let _ = self.1.send(answer.is_ok());
            }
        }
        thread_local! {
            static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) };
        }
        let engine = Engine::start().expect("it starts");
        let (send, receive) = mpsc::channel();
        let of_thread = Arc::clone(&engine);
        let ending = thread::spawn(move || {
            // Dropped after what is used later.
            LAST.set(Some(Last(Arc::clone(&of_thread), send)));
            until_alone(&of_thread);
        });
        ending.join().expect("it ends");
        assert_eq!(receive.recv_timeout(Duration::from_secs(20)), Ok(true));
        engine.end();
    }

    #[test]
    fn the_end_calls_away_who_drives() {
        let engine = Engine::start().expect("it starts");
        let of_caller = Arc::clone(&engine);
        let (send, receive) = mpsc::channel();
        let calling = thread::spawn(move || {
            until_alone(&of_caller);
            let endless = of_caller.handle().spawn(async move {
                let _ = send.send(thread::current().id());
                std::future::pending::<()>().await;
            });
            of_caller.attend(endless).wait().is_err()
        });
        receive.recv_timeout(Duration::from_secs(20)).expect("it runs");
        engine.end();
        assert!(calling.join().expect("it ends"), "the task is gone");
    }

    #[test]
    fn threads_in_the_context_of_an_executor_call_like_others() {
        let engine = Engine::start().expect("it starts");
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        until_alone(&engine);
        let _inside = executor.enter();
        for _ in 0..OFTEN * 3 {
            assert_ne!(driver(&engine), thread::current().id(), "tokio forbids a runtime within another one");
        }
        engine.end();
    }

    #[test]
    fn many_threads_begin_and_end_to_be_alone() {
        let engine = Engine::start().expect("it starts");
        thread::scope(|scope| {
            for number in 0..4 {
                let engine = &engine;
                scope.spawn(move || {
                    for call in 0..400 {
                        driver(engine);
                        if call % 100 == number {
                            thread::sleep(Duration::from_millis(20));
                        }
                    }
                });
            }
        });
        engine.end();
    }

    #[test]
    fn a_runtime_ends_while_a_caller_drives_it_or_nobody() {
        for pause in [Duration::ZERO, QUIET * 5] {
            let engine = Engine::start().expect("it starts");
            until_alone(&engine);
            let (held, gone) = mpsc::channel::<()>();
            drop(engine.handle().spawn(async move {
                let _held = held;
                sleep(Duration::from_secs(3_600)).await;
            }));
            thread::sleep(pause);
            engine.end();
            // The end of the runtime drops the task.
            assert_eq!(gone.recv_timeout(Duration::from_secs(20)), Err(mpsc::RecvTimeoutError::Disconnected));
            let late = engine.attend(engine.handle().spawn(async {}));
            assert!(late.wait().is_err(), "nothing runs after the end");
        }
    }
}
