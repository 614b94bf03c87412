//! A reader at the end of the log waits, and the store wakes it when there is more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Barrier;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use super::drops::poll_once;
use super::log::in_log;
use super::samples::{event, new_id};
use super::store::{Store, accepted};
use crate::error::Error;
use crate::id::Mark;
use crate::recorder::{ApplicationRecorder, Commit, KeyRecorder, LogRange};
use crate::testing::random::Random;

/// A commit wakes a reader that waits behind the last event.
pub fn a_commit_wakes_every_waiting_reader<R: ApplicationRecorder>(store: &Store<R>) {
    is_woken(store, store);
}

/// A reader that is behind does not wait: before the first event, and before the last one.
pub fn a_reader_that_is_behind_does_not_wait<R: ApplicationRecorder>(store: &Store<R>) {
    let first = store.save_at([event(new_id(), 1)]);
    store.save_at([event(new_id(), 1)]);
    for after in [None, Some(first)] {
        let mut wait = Box::pin(store.recorder().beyond(after));
        let began = Instant::now();
        // Enough polls for a store that looks for events on a thread of its own.
        while poll_once(store.way(), &mut wait).is_pending() {
            assert!(
                began.elapsed() < AT_ONCE,
                "there is more after {after:?}, and a reader that waits does not learn of it at once"
            );
            thread::yield_now();
        }
    }
}

/// A commit between a reader's look and its wait wakes the reader, at whatever moment it came.
pub fn a_commit_between_look_and_wait_is_heard<R: ApplicationRecorder>(store: &Store<R>) {
    let mut random = Random::new(7);
    let mut reached = None;
    for polls in 0..12 {
        let mut wait = Some(Box::pin(store.recorder().beyond(reached)));
        for _ in 0..polls % 4 {
            // A store may send a hint for nothing.
            wait = wait.and_then(|wait| still_pending(store, wait));
            thread::sleep(Duration::from_micros(random.below(300)));
        }
        let saved = store.save_at([event(new_id(), 1)]);
        let heard = wait.is_none_or(|wait| store.within(wait).is_some());
        assert!(heard, "a commit came after {polls} polls, and the waiting reader does not hear of it");
        reached = Some(saved);
    }
}

/// A commit wakes all readers that wait at one mark.
pub fn readers_at_one_place_are_all_woken<R: ApplicationRecorder>(store: &Store<R>) {
    const READERS: usize = 8;
    let first = store.save_at([event(new_id(), 1)]);
    let barrier = Barrier::new(READERS + 1);
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                barrier.wait();
                wait_for_more(store, Some(first));
            });
        }
        barrier.wait();
        thread::sleep(Duration::from_millis(5));
        store.save_at([event(new_id(), 1)]);
    });
}

/// A notice of forgetting also wakes a waiting reader, since it stands in the log.
pub fn a_notice_wakes_a_waiting_reader<R: ApplicationRecorder + KeyRecorder>(store: &Store<R>) {
    for _ in 0..3 {
        let id = new_id();
        let reached = store.save_at([event(id, 1)]);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait_for_more(store, Some(reached)));
            thread::sleep(Duration::from_millis(5));
            store.forget(id);
            let () = waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    }
}

/// Waits that are dropped, or never polled again, take nothing away from other waits.
pub fn dropped_waits_leave_nothing<R: ApplicationRecorder>(store: &Store<R>) {
    let mut reached = None;
    for _ in 0..5 {
        let mut kept = Vec::new();
        for _ in 0..200 {
            drop(store.recorder().beyond(reached));
            kept.extend(still_pending(store, Box::pin(store.recorder().beyond(reached))));
            kept.truncate(100);
        }
        let last = still_pending(store, Box::pin(store.recorder().beyond(reached)));
        let saved = store.save_at([event(new_id(), 1)]);
        let heard = last.is_none_or(|last| store.within(last).is_some());
        assert!(heard, "a reader that waits beside dropped waits is not woken");
        reached = Some(saved);
    }
}

/// Polls a wait once more; returns it if it is still pending.
fn still_pending<R, F>(store: &Store<R>, mut wait: Pin<Box<F>>) -> Option<Pin<Box<F>>>
where
    F: Future<Output = Result<(), Error>>,
{
    match poll_once(store.way(), &mut wait) {
        Poll::Ready(heard) => {
            accepted(heard, "waiting for more");
            None
        }
        Poll::Pending => Some(wait),
    }
}

/// The longest time in which a reader learns that there is more already, on a slow machine. A store that looks from
/// time to time has a longer interval.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Checks that a reader at the end of the log learns of a commit.
#[track_caller]
pub(super) fn is_woken<R: ApplicationRecorder>(writer: &Store<R>, reader: &Store<R>) {
    for round in 0..6 {
        let reached = reader.newest();
        let new = event(new_id(), round);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait_for_more(reader, reached));
            // The commit comes before the reader waits, or while it does.
            thread::sleep(Duration::from_millis(round % 3 * 4));
            let receipt = writer.store(&Commit::new(vec![new.clone()]));
            writer.resolve(&receipt);
            let () = waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
        let read = reader.log(LogRange::all().after(reached));
        assert_eq!(in_log(&read), [new], "the events after the place that the reader had reached");
    }
}

/// Waits for more, and waits again after a hint for nothing, as a reader does.
#[track_caller]
fn wait_for_more<R: ApplicationRecorder>(store: &Store<R>, reached: Option<Mark>) {
    let began = Instant::now();
    while store.log_page(LogRange::all().after(reached)).entries.is_empty() {
        let waited = began.elapsed();
        assert!(
            waited < store.patience(),
            "there is more after {reached:?}, and no reader learned of it for {waited:?}"
        );
        let Some(woken) = store.within(store.recorder().beyond(reached)) else {
            panic!("a reader that waits after {reached:?} was never woken");
        };
        accepted(woken, "waiting for more");
    }
}
