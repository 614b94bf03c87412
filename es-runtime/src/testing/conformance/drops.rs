//! Futures that are dropped, kept or moved harm nobody.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use super::samples::{event, new_id, sequence};
use super::store::{SetAtEnd, Store, accepted};
use super::way::Way;
use crate::recorder::{AggregateRecorder, ApplicationRecorder, Commit, EventRange, LogRange};
use crate::testing::random::Random;

/// A future that is never polled stores nothing.
pub fn a_future_that_is_never_polled_stores_nothing<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    drop(store.recorder().append(Commit::new(vec![event(id, 1)])));
    thread::sleep(Duration::from_millis(20));
    assert_eq!(store.all(id), [], "the future was not polled");
    store.save([event(id, 1)]);
}

/// A future that is polled and dropped has stored all or nothing; another save completes the commit.
pub fn a_dropped_save_can_be_saved_again<R: AggregateRecorder>(store: &Store<R>) {
    among_others(store, || {
        let mut random = Random::new(3);
        for round in 0..60 {
            let id = new_id();
            let commit = Commit::new(sequence(id, 1..=1 + round % 3));
            let mut future = Box::pin(store.recorder().append(commit.clone()));
            for _ in 0..=random.below(2) {
                if poll_once(store.way(), &mut future).is_ready() {
                    break;
                }
                thread::sleep(Duration::from_micros(random.below(300)));
            }
            drop(future);
            let many = store.all(id).len();
            assert!(
                many == 0 || many == commit.events().len(),
                "{many} of {} are stored",
                commit.events().len()
            );
            store.store(&commit);
            assert_eq!(store.all(id), commit.events(), "after saving again");
        }
    });
}

/// A dropped read holds nothing of the store.
pub fn dropped_reads_leave_nothing_occupied<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save(sequence(id, 1..=50));
    for _ in 0..100 {
        drop(store.recorder().select(id, EventRange::all()));
        let mut future = Box::pin(store.recorder().select(id, EventRange::all()));
        let _ = poll_once(store.way(), &mut future);
    }
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(store.all(id).len(), 50);
    }
    let took = began.elapsed();
    assert!(took < store.patience(), "20 reads after dropped ones took {took:?}");
}

/// A future that is polled and never again does not hold up the saves of others.
pub fn a_future_that_is_only_kept_holds_up_nobody<R: AggregateRecorder>(store: &Store<R>) {
    const ROUNDS: usize = 100;
    let (saved, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let barrier = Barrier::new(5);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    barrier.wait();
                    // No later save leads these along: they are the last.
                    if store.append(Commit::new(sequence(new_id(), 1..=20))).is_err() {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    saved.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut is_held_up = false;
        for round in 1..=ROUNDS {
            barrier.wait();
            let mut kept = Vec::new();
            for _ in 0..4 {
                let mut future = Box::pin(store.recorder().append(Commit::new(vec![event(new_id(), 1)])));
                if poll_once(store.way(), &mut future).is_pending() {
                    kept.push(future);
                }
            }
            let began = Instant::now();
            while saved.load(Ordering::Relaxed) < 4 * round && !is_held_up {
                thread::sleep(Duration::from_micros(100));
                is_held_up = began.elapsed() > store.patience();
            }
            // The saves that wait for the kept futures go on, and the threads end.
            drop(kept);
        }
        assert!(!is_held_up, "the saves of other threads stood still behind futures that nobody polls");
    });
    assert_eq!(refused.into_inner(), 0, "so many saves were refused beside futures that nobody polls");
}

/// A caller may poll a future in one way first and in another later.
pub fn a_future_may_move_between_executors<R: AggregateRecorder>(store: &Store<R>) {
    among_others(store, || {
        for round in 0..60 {
            let first = if round % 2 == 0 { Way::Waiting } else { Way::Polled };
            let id = new_id();
            let mut save = Box::pin(store.recorder().append(Commit::new(vec![event(id, 1)])));
            let saved = match poll_once(first, &mut save) {
                Poll::Ready(saved) => saved,
                Poll::Pending => store.way().run(save),
            };
            accepted(saved, "a save that was begun elsewhere");
            let mut read = Box::pin(store.recorder().select(id, EventRange::all()));
            let read = match poll_once(first, &mut read) {
                Poll::Ready(read) => read,
                Poll::Pending => store.way().run(read),
            };
            assert_eq!(accepted(read, "a read that was begun elsewhere").events, [event(id, 1)]);
        }
    });
}

/// Runs `run` while other threads save.
fn among_others<R: AggregateRecorder>(store: &Store<R>, run: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    store.save([event(new_id(), 1)]);
                }
            });
        }
        let _stopped = SetAtEnd(&stop);
        run();
    });
}

pub(super) fn poll_once<F: Future>(way: Way, future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    way.run(poll_fn(|context| Poll::Ready(future.as_mut().poll(context))))
}

/// A thousand reads that are polled once and kept hold up no other read and no save.
pub fn a_read_that_is_only_kept_holds_up_nobody<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save(sequence(id, 1..=20));
    beside_kept(store, |at| store.recorder().select(id, EventRange::all().limit(1 + at % 30)));
}

/// A thousand kept reads of the log, or waits for more of it, hold up no other read and no save.
pub fn a_read_of_the_log_that_is_only_kept_holds_up_nobody<R: ApplicationRecorder>(store: &Store<R>) {
    let mark = store.save_at(sequence(new_id(), 1..=20));
    beside_kept(store, |at| store.recorder().read_log(LogRange::all().limit(1 + at % 30)));
    beside_kept(store, |_| store.recorder().beyond(Some(mark)));
    let others = thread::scope(|scope| {
        let kept: Vec<_> =
            (0..1_000).filter_map(|_| polled(store, store.recorder().read_log(LogRange::all()))).collect();
        let read =
            scope.spawn(|| store.within(store.recorder().read_log(LogRange::all().limit(1))).is_some());
        let is_read = read.join().unwrap_or(false);
        drop(kept);
        is_read
    });
    assert!(others, "a read of the log stood still behind reads that nobody polls");
}

/// Saves and reads while a thousand polled futures are kept.
fn beside_kept<R: AggregateRecorder, F: Future>(store: &Store<R>, future: impl Fn(usize) -> F) {
    let kept: Vec<_> = (0..1_000).filter_map(|at| polled(store, future(at))).collect();
    let id = new_id();
    let is_served = thread::scope(|scope| {
        let other = scope.spawn(|| {
            let saved = store.within(store.recorder().append(Commit::new(sequence(id, 1..=3))));
            let read = store.within(store.recorder().select(id, EventRange::all()));
            saved.is_some() && read.is_some()
        });
        other.join().unwrap_or(false)
    });
    drop(kept);
    assert!(is_served, "a save or a read stood still behind futures that nobody polls");
}

/// Polls a future once; returns it if it is still pending.
fn polled<R, F: Future>(store: &Store<R>, future: F) -> Option<Pin<Box<F>>> {
    let mut future = Box::pin(future);
    poll_once(store.way(), &mut future).is_pending().then_some(future)
}
