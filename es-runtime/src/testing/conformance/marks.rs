//! A page is complete up to a mark, which a reader may keep.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::samples::{event, new_id, sequence, under};
use super::store::{SetAtEnd, Store};
use crate::id::{Mark, Position};
use crate::recorder::{ApplicationRecorder, Commit, LogRange, Notification};

/// A reader of some topics that keeps `through` of each page misses no event, while many write.
pub fn a_filtered_follower_misses_nothing<R: ApplicationRecorder>(store: &Store<R>) {
    let done = AtomicBool::new(false);
    let followed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for (topic, page) in [("rare", 1_000), ("common", 3), ("rare", 1)] {
            let (store, done, followed) = (&store, &done, &followed);
            scope.spawn(move || {
                let range = LogRange::all().topics([topic]).limit(page);
                let seen = follow(store, &range, done);
                followed.lock().unwrap_or_else(PoisonError::into_inner).push((topic, seen));
            });
        }
        let _done = SetAtEnd(&done);
        writers(store);
    });
    // After this time the log also shows the late events.
    thread::sleep(Duration::from_millis(50));
    for (topic, seen) in followed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let log = store.log(LogRange::all().topics([topic]));
        assert!(seen == log, "a reader of `{topic}` saw {} of {} events", seen.len(), log.len());
    }
}

/// A page is complete up to an event of any topic, and that mark never goes back, while many write.
pub fn a_page_is_complete_up_to_an_event<R: ApplicationRecorder>(store: &Store<R>) {
    let done = AtomicBool::new(false);
    let told = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for range in
            [LogRange::all().limit(0), LogRange::all().topics(["none"]), LogRange::all().topics(["rare"])]
        {
            let (store, done, told) = (&store, &done, &told);
            scope.spawn(move || {
                let mut reached: Option<Mark> = None;
                while !done.load(Ordering::Acquire) {
                    let through = store.log_page(range.clone().after(reached)).through;
                    let places = [reached, through].map(|mark| mark.map(Mark::position));
                    assert!(
                        places[0] <= places[1],
                        "the place up to which pages are complete went back: {places:?}"
                    );
                    reached = through;
                    told.lock().unwrap_or_else(PoisonError::into_inner).extend(through);
                    thread::yield_now();
                }
            });
        }
        let _done = SetAtEnd(&done);
        writers(store);
        // A refused commit may use up a position, at which no event stands.
        let taken = new_id();
        store.save_at([event(taken, 1)]);
        for _ in 0..10 {
            store.refuse([event(new_id(), 1), event(taken, 1)]);
            told.lock().unwrap_or_else(PoisonError::into_inner).extend(store.newest());
        }
    });
    thread::sleep(Duration::from_millis(50));
    let places: std::collections::HashSet<_> = store.whole_log().iter().map(Notification::mark).collect();
    for mark in told.into_inner().unwrap_or_else(PoisonError::into_inner) {
        assert!(places.contains(&mark), "a page is complete up to {mark}, and no event stands there");
    }
}

/// No entry of a page stands behind the mark up to which the page is complete.
pub fn no_entry_is_beyond_what_is_complete<R: ApplicationRecorder>(store: &Store<R>) {
    some_log(store);
    for range in ranges() {
        for page in store.log_pages(range.clone()) {
            let last = page.entries.last().map(Notification::position);
            let through = page.through.map(Mark::position);
            assert!(last <= through, "an entry at {last:?} is beyond {through:?}, {range:?}");
        }
    }
}

/// A reader whose topics do not come still reaches the end; and a page of a part of the log is complete within that
/// part.
pub fn a_page_is_complete_for_skipped_events_too<R: ApplicationRecorder>(store: &Store<R>) {
    let log = some_log(store);
    let last = log.last().map(Notification::mark);
    for topics in [vec![], vec!["rare"], vec!["none"]] {
        let pages = store.log_pages(LogRange::all().topics(topics.clone()));
        assert_eq!(pages.last().and_then(|page| page.through), last, "where a reader of {topics:?} comes to");
        for entry in log.iter().step_by(5) {
            let range = LogRange::all().topics(topics.clone()).up_to(entry.position());
            let through = store.log_pages(range).last().and_then(|page| page.through);
            assert_eq!(
                through,
                Some(entry.mark()),
                "where a reader of {topics:?} comes to in a part of the log"
            );
        }
    }
}

/// A page of no entries reports the newest mark, and nothing else.
pub fn a_page_of_no_entries_reports_the_newest_place<R: ApplicationRecorder>(store: &Store<R>) {
    for number in 1..=10 {
        let saved = store.save_at(sequence(new_id(), 1..=number));
        for range in [LogRange::all(), LogRange::all().topics(["none"]), LogRange::all().after(saved)] {
            let page = store.log_page(range.limit(0));
            assert_eq!((page.entries.len(), page.through), (0, Some(saved)), "a page of no entries");
        }
    }
}

/// Once a receipt is resolved, every page reaches its mark, for all readers and with every filter.
pub fn a_resolved_commit_is_complete_for_all<R: ApplicationRecorder>(store: &Store<R>) {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 1..=20 {
                    let commit = Commit::new(sequence(new_id(), 1..=1 + number % 3));
                    let saved = store.store_at(&commit);
                    let all = [LogRange::all().limit(0), LogRange::all().topics(["none"])];
                    for range in all {
                        let through = store.log_pages(range).last().and_then(|page| page.through);
                        let reaches = through.map(Mark::position) >= Some(saved.position());
                        assert!(reaches, "{saved} was resolved, and a page is complete up to {through:?}");
                    }
                    let found = store.log(LogRange::all().from(saved.position()).up_to(saved.position()));
                    let marks: Vec<_> = found.iter().map(Notification::mark).collect();
                    assert_eq!(marks, [saved], "the entry at a resolved place");
                }
            });
        }
    });
}

/// The store serves a reader that returns with any mark, whatever it reads: each event has a mark, also within a
/// commit.
pub fn every_event_is_a_place_to_come_back_to<R: ApplicationRecorder>(store: &Store<R>) {
    let log = some_log(store);
    for (at, entry) in log.iter().enumerate() {
        let read = store.log(LogRange::all().after(entry.mark()));
        assert!(read == log[at + 1..], "the entries after {}", entry.mark());
        for range in [LogRange::all().topics(["none"]), LogRange::all().limit(0), LogRange::all().firsts()] {
            store.log_page(range.after(entry.mark()));
        }
    }
}

/// Returns the ranges that rules try on [`some_log`].
fn ranges() -> Vec<LogRange> {
    let all = LogRange::all;
    let middle = Position::new(20).unwrap_or(Position::FIRST);
    vec![
        all(),
        all().limit(1),
        all().limit(7),
        all().limit_bytes(100),
        all().topics(["rare"]),
        all().topics(["rare"]).limit(1),
        all().topics(["none"]),
        all().up_to(middle),
        all().up_to(middle).limit(3),
        all().up_to(middle).topics(["rare"]),
        all().firsts().limit(2),
    ]
}

/// Stores commits of one to eight events, a few of them under a rare topic.
pub(super) fn some_log<R: ApplicationRecorder>(store: &Store<R>) -> Vec<Notification> {
    for many in 1..=8 {
        let id = new_id();
        let topic = |number| if (many + number) % 5 == 0 { "rare" } else { "common" };
        store.save_at((1..=many).map(|number| under(id, number, topic(number))).collect::<Vec<_>>());
    }
    store.whole_log()
}

/// Runs eight threads that save; each fourth event is under a rare topic.
fn writers<R: ApplicationRecorder>(store: &Store<R>) {
    thread::scope(|scope| {
        for writer in 0..8_u64 {
            scope.spawn(move || {
                for round in 0..25 {
                    let topic = if (writer + round) % 4 == 0 { "rare" } else { "common" };
                    let id = new_id();
                    let many = 1 + (writer + round) % 3;
                    let events: Vec<_> = (1..=many).map(|number| under(id, number, topic)).collect();
                    store.save_at(events);
                }
            });
        }
    });
}

fn follow<R: ApplicationRecorder>(
    store: &Store<R>,
    range: &LogRange,
    done: &AtomicBool,
) -> Vec<Notification> {
    let (mut seen, mut reached) = (Vec::new(), None::<Mark>);
    loop {
        let ended = done.load(Ordering::Acquire);
        let page = store.read_on(range, &mut reached);
        seen.extend(page.entries);
        if ended && !page.more {
            return seen;
        }
    }
}
