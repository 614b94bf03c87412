//! Retries: as often as the caller sets, after the errors that it chose.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use es_runtime::wait::Retry;
use es_runtime::{Error, ErrorKind, Wait};

fn retry(attempts: u32) -> Retry {
    Retry::new().attempts(attempts).wait(Duration::from_micros(10))
}

/// Returns the number of attempts at work that always fails, and its last error.
fn tried(retry: Retry, kind: ErrorKind) -> (u32, ErrorKind) {
    let tried = AtomicU32::new(0);
    let work = async || {
        tried.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(Error::new(kind, "on purpose"))
    };
    let error = retry.run(work).wait().unwrap_err();
    (tried.into_inner(), error.kind())
}

#[test]
fn work_is_tried_as_often_as_asked_for() {
    for (attempts, expected) in [(0, 1), (1, 1), (2, 2), (5, 5)] {
        assert_eq!(tried(retry(attempts), ErrorKind::Timeout), (expected, ErrorKind::Timeout));
    }
    assert_eq!(tried(Retry::new().wait(Duration::ZERO), ErrorKind::Unavailable).0, 100);
}

#[test]
fn work_that_fails_for_good_is_not_tried_again() {
    assert_eq!(tried(retry(5), ErrorKind::Invalid), (1, ErrorKind::Invalid));
}

#[test]
fn work_is_tried_again_after_the_chosen_errors_alone() {
    let numbers = AtomicU32::new(0);
    let work = async || Err::<(), _>(numbers.fetch_add(1, Ordering::Relaxed));
    let failed = retry(10).on(|error: &u32| *error < 3).run(work).wait();
    assert_eq!(failed, Err(3));
    let worked = retry(10).on(|_: &u32| true).run(async || Ok::<_, u32>(7)).wait();
    assert_eq!(worked, Ok(7));
}

#[test]
fn an_attempt_waits_for_its_time() {
    let begun = Instant::now();
    tried(Retry::new().attempts(3).wait(Duration::from_millis(4)).jitter(0.0), ErrorKind::Timeout);
    assert!(begun.elapsed() >= Duration::from_millis(12));
    let begun = Instant::now();
    tried(Retry::new().attempts(1).wait(Duration::from_secs(60)), ErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(30), "nothing follows the last attempt");
}

#[test]
fn work_is_tried_again_in_a_task_of_an_executor() {
    let tokio = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let done = tokio.block_on(async {
        let task = tokio::spawn(async {
            let (left, retry) = (AtomicU32::new(2), retry(3));
            let work = async || match left.fetch_sub(1, Ordering::Relaxed) {
                0 => Ok("done"),
                _ => Err(Error::new(ErrorKind::Timeout, "busy")),
            };
            retry.run(work).await
        });
        task.await.unwrap()
    });
    assert_eq!(done.unwrap(), "done");
}
