//! Many callers put, read and remove snapshots at the same time, and drop futures.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::drops::poll_once;
use super::samples::{TOPIC, event, new_id, saying, sequence, version};
use super::store::{SetAtEnd, Store};
use crate::recorder::{EventRange, SnapshotRecorder};
use crate::stored_event::StoredEvent;
use crate::testing::random::Random;

/// Of several snapshots of one version that are put at the same time one stays whole, and each reader sees a whole
/// one.
pub fn of_several_put_at_once_one_whole_stays<R: SnapshotRecorder>(store: &Store<R>) {
    const WRITERS: u64 = 4;
    let id = new_id();
    let made = |number: u64| saying(id, 1, &number.to_string().repeat(100));
    let known: Vec<_> = (0..WRITERS).map(made).collect();
    let whole = |read: &[StoredEvent]| {
        assert_eq!(read.len(), 1, "of one version there are {} snapshots", read.len());
        assert!(known.contains(&read[0]), "a snapshot is mixed of two that were put at the same time");
    };
    store.put(known[0].clone());
    let (done, barrier) = (AtomicBool::new(false), Barrier::new(known.len()));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                whole(&store.all_snapshots(id));
            }
        });
        let at_end = SetAtEnd(&done);
        let writers: Vec<_> = known
            .iter()
            .map(|snapshot| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    for _ in 0..15 {
                        store.put(snapshot.clone());
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap_or_else(|_| panic!("putting a snapshot panicked"));
        }
        drop(at_end);
        reader.join().unwrap_or_else(|_| panic!("a reader met what is not whole"));
    });
    whole(&store.all_snapshots(id));
}

/// Every caller sees a snapshot at once, however many put and read; and nobody sees a removed one.
pub fn a_stored_snapshot_is_there_for_all<R: SnapshotRecorder>(store: &Store<R>) {
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..15 {
                    let id = new_id();
                    store.put_all(sequence(id, 1..=2));
                    let read = thread::scope(|scope| {
                        let read = scope.spawn(|| store.all_snapshots(id));
                        read.join().unwrap_or_else(|_| panic!("a read panicked"))
                    });
                    assert_eq!(read, sequence(id, 1..=2), "the snapshots that another thread put before");
                    store.delete(id, EventRange::all().before(version(2)));
                    assert_eq!(store.all_snapshots(id), [event(id, 2)], "a removed snapshot is there");
                }
            });
        }
    });
}

/// A future that is never polled changes nothing.
pub fn a_future_that_is_never_polled_changes_no_snapshot<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put(event(id, 1));
    drop(store.recorder().put(saying(id, 1, "other")));
    drop(store.recorder().put(event(id, 2)));
    drop(store.recorder().delete(id, TOPIC, EventRange::all()));
    drop(store.recorder().clear(id));
    thread::sleep(Duration::from_millis(20));
    assert_eq!(store.all_snapshots(id), [event(id, 1)], "the futures were not polled");
}

/// A dropped future has put a whole snapshot or none, and leaves whole ones where it removes; another call completes
/// the work.
pub fn a_dropped_put_or_delete_can_be_done_again<R: SnapshotRecorder>(store: &Store<R>) {
    let mut random = Random::new(7);
    let mut dropped = |future: &mut dyn FnMut() -> bool| {
        for _ in 0..=random.below(2) {
            if future() {
                break;
            }
            thread::sleep(Duration::from_micros(random.below(300)));
        }
    };
    for _ in 0..30 {
        let id = new_id();
        store.put(saying(id, 1, "one"));
        let mut put = Box::pin(store.recorder().put(saying(id, 1, "other")));
        dropped(&mut || poll_once(store.way(), &mut put).is_ready());
        drop(put);
        let read = store.all_snapshots(id);
        let is_whole = read == [saying(id, 1, "one")] || read == [saying(id, 1, "other")];
        assert!(is_whole, "a dropped future has put a part: {read:?}");
        store.put(saying(id, 1, "other"));
        assert_eq!(store.all_snapshots(id), [saying(id, 1, "other")], "after putting it again");

        let left_whole = || {
            for left in store.all_snapshots(id) {
                let whole = event(id, left.version.get());
                assert_eq!(left, whole, "a dropped future has removed a part of a snapshot");
            }
        };
        store.put_all(sequence(id, 1..=3));
        let mut delete = Box::pin(store.recorder().delete(id, TOPIC, EventRange::all()));
        dropped(&mut || poll_once(store.way(), &mut delete).is_ready());
        drop(delete);
        left_whole();
        store.delete(id, EventRange::all());
        assert_eq!(store.all_snapshots(id), [], "after removing again");

        store.put_all(sequence(id, 1..=3));
        let mut clear = Box::pin(store.recorder().clear(id));
        dropped(&mut || poll_once(store.way(), &mut clear).is_ready());
        drop(clear);
        left_whole();
        store.clear(id);
        assert_eq!(store.all_snapshots(id), [], "after clearing again");
    }
}

/// A dropped read holds nothing of the store.
pub fn dropped_reads_of_snapshots_leave_nothing_occupied<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put_all(sequence(id, 1..=5));
    for _ in 0..100 {
        drop(store.recorder().select(id, TOPIC, EventRange::all()));
        let mut read = Box::pin(store.recorder().select(id, TOPIC, EventRange::all()));
        let _ = poll_once(store.way(), &mut read);
        let mut versions = Box::pin(store.recorder().versions(id, TOPIC, EventRange::all()));
        let _ = poll_once(store.way(), &mut versions);
    }
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(store.all_snapshots(id).len(), 5);
    }
    let took = began.elapsed();
    assert!(took < store.patience(), "20 reads after dropped ones took {took:?}");
}
