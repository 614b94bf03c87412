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

/// Makes a runtime, and calls until this thread drives it.
fn driven_here() -> Arc<Engine> {
    let engine = Engine::start().expect("it starts");
    until_alone(&engine);
    engine
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
        assert!(begun.elapsed() < Duration::from_secs(20), "the thread never goes on, though nobody calls");
    }
    engine.end();
}

#[test]
fn a_timer_that_nobody_waits_for_goes_on_while_the_thread_rests() {
    let engine = driven_here();
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
    let engine = driven_here();
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
    let engine = driven_here();
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
    let (ends, ended) = mpsc::channel();
    let calling = thread::spawn(move || {
        until_alone(&of_caller);
        let endless = of_caller.handle().spawn(async move {
            let _ = send.send(thread::current().id());
            std::future::pending::<()>().await;
        });
        let is_gone = of_caller.attend(endless).wait().is_err();
        let _ = ends.send(is_gone);
    });
    receive.recv_timeout(Duration::from_secs(20)).expect("it runs");
    engine.end();
    assert!(
        ended.recv_timeout(Duration::from_secs(20)).expect("the caller is called away"),
        "the task is gone"
    );
    calling.join().expect("it ends");
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
fn a_runtime_ends_at_rest_and_after_it() {
    for pause in [Duration::ZERO, QUIET * 5] {
        let engine = driven_here();
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
