//! The log keeps its order while many write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::log::ascending;
use super::samples::{event, new_id, sequence};
use super::store::{SetAtEnd, Store};
use crate::id::Mark;
use crate::recorder::{ApplicationRecorder, Commit, LogRange, Notification};

/// The events of one commit stand together, however many writers commit at the same time.
pub fn commits_do_not_mix<R: ApplicationRecorder>(store: &Store<R>) {
    const EVENTS: u64 = 10_000;
    let ids = [new_id(), new_id()];
    let barrier = Barrier::new(ids.len());
    thread::scope(|scope| {
        for id in ids {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                let events = sequence(id, 1..=EVENTS);
                barrier.wait();
                store.save_at(events);
            });
        }
    });
    let log = store.whole_log();
    assert_eq!(log.len() as u64, EVENTS * 2);
    ascending(&log);
    let changes = log.windows(2).filter(|pair| pair[0].event.id != pair[1].event.id).count();
    assert_eq!(changes, 1, "two commits stand in so many pieces, less one");
}

/// A follower that reads on from the last position that it saw misses no event, while many write.
pub fn a_follower_misses_nothing<R: ApplicationRecorder>(store: &Store<R>) {
    let done = AtomicBool::new(false);
    let followed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for page in [1_000_000, 3, 50] {
            let (store, done, followed) = (&store, &done, &followed);
            scope.spawn(move || {
                let seen = follow(store, page, done);
                followed.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
            });
        }
        let _done = SetAtEnd(&done);
        thread::scope(|scope| {
            for writer in 0..8_u64 {
                scope.spawn(move || {
                    for round in 0..25 {
                        store.save_at(sequence(new_id(), 1..=1 + (writer + round) % 4));
                    }
                });
            }
        });
    });
    // After this time the log also shows the late events.
    thread::sleep(Duration::from_millis(50));
    let log = store.whole_log();
    ascending(&log);
    for seen in followed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        assert_eq!(seen.len(), log.len(), "a follower saw so many of the events of the log");
        assert!(seen == log, "a follower saw other events than stand in the log");
    }
}

fn follow<R: ApplicationRecorder>(store: &Store<R>, page: usize, done: &AtomicBool) -> Vec<Notification> {
    let mut seen: Vec<Notification> = Vec::new();
    loop {
        let ended = done.load(Ordering::Acquire);
        let after = seen.last().map(Notification::mark);
        let read = store.log_page(LogRange::all().after(after).limit(page));
        if read.entries.is_empty() && !read.more && ended {
            return seen;
        }
        seen.extend(read.entries);
    }
}

/// Writers and readers of the log do not make each other fail.
pub fn writers_and_readers_go_on_together<R: ApplicationRecorder>(store: &Store<R>) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let page = store.log_page(LogRange::all().limit(10)).entries;
                    assert!(page.len() <= 10);
                    let newest = store.newest().map(Mark::position);
                    assert!(newest >= page.last().map(Notification::position), "the newest place went back");
                }
            });
        }
        let _done = SetAtEnd(&done);
        thread::scope(|scope| {
            let work = || {
                for _ in 0..10 {
                    store.save_at(sequence(new_id(), 1..=100));
                }
            };
            for _ in 0..10 {
                scope.spawn(work);
            }
        });
    });
    assert_eq!(store.whole_log().len(), 10_000, "ten writers saved ten times a hundred events");
}

/// The events of an aggregate stand in the order of their versions, whichever writer saved them.
pub fn an_aggregate_stands_in_the_order_of_its_versions<R: ApplicationRecorder>(store: &Store<R>) {
    const LAST: u64 = 60;
    let id = new_id();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = store.all(id).last().map_or(1, |last| last.version.get() + 1);
                    if next > LAST {
                        return;
                    }
                    let commit = Commit::new(vec![event(new_id(), 1), event(id, next), event(id, next + 1)]);
                    match store.append(commit) {
                        Ok(receipt) => drop(store.resolve(&receipt)),
                        Err(error) => assert!(error.as_conflict().is_some(), "{error}"),
                    }
                }
            });
        }
    });
    let log = store.whole_log();
    let versions: Vec<_> =
        log.iter().filter(|entry| entry.event.id == id).map(|entry| entry.event.version.get()).collect();
    assert_eq!(versions, (1..=LAST).collect::<Vec<_>>(), "the versions in the order of the log");
}

/// The log shows a commit as a whole or not at all: the newest place is the end of one.
pub fn the_log_never_shows_part_of_a_commit<R: ApplicationRecorder>(store: &Store<R>) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let many = until_newest(store).len();
                assert_eq!(many % 10, 0, "{many} events are visible, of commits of 10 each");
            }
        });
        let _done = SetAtEnd(&done);
        thread::scope(|scope| {
            let work = || {
                for _ in 0..25 {
                    store.save_at(sequence(new_id(), 1..=10));
                }
            };
            scope.spawn(work);
            scope.spawn(work);
        });
    });
}

/// Reads the log up to the newest mark: a page may end within a commit, and the log grows between two pages.
fn until_newest<R: ApplicationRecorder>(store: &Store<R>) -> Vec<Notification> {
    let Some(newest) = store.newest() else { return Vec::new() };
    store.log(LogRange::all().up_to(newest.position()))
}
