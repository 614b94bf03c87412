//! How far the log of an upstream application was processed.

use std::sync::Barrier;
use std::thread;

use super::events::topics;
use super::log::in_log;
use super::store::{Store, accepted, event, key, new_id, sequence, tracking, with_keys};
use crate::recorder::{Commit, ProcessRecorder};

/// Of an unknown upstream application nothing is tracked.
pub fn nothing_is_tracked_of_an_unknown_upstream<R: ProcessRecorder>(store: &Store<R>) {
    assert_eq!(store.tracked("up"), None);
    store.track([], "up", 1);
    assert_eq!(store.tracked("other"), None);
}

/// The tracking is recorded with the events, and the last position is what counts; gaps are allowed.
pub fn a_tracking_is_recorded_with_the_events<R: ProcessRecorder>(store: &Store<R>) {
    let id = new_id();
    store.track(sequence(id, 1..=2), "up", 1);
    assert_eq!(store.tracked("up"), Some(1));
    store.track([event(id, 3)], "up", 2);
    assert_eq!(store.tracked("up"), Some(2));
    store.track([event(id, 4)], "up", 24);
    assert_eq!(store.tracked("up"), Some(24));
    assert_eq!(in_log(&store.whole_log()), sequence(id, 1..=4));
}

/// A tracking needs no events: what was passed over is tracked too.
pub fn a_tracking_needs_no_events<R: ProcessRecorder>(store: &Store<R>) {
    let receipt = store.track([], "up", 1);
    assert_eq!(receipt.positions(), None);
    assert_eq!(store.tracked("up"), Some(1));
    store.track([], "up", 3);
    assert_eq!(store.tracked("up"), Some(3));
    assert_eq!(store.last_position(), None, "a tracking took a position");
}

/// Events without a tracking leave it as it is.
pub fn events_without_a_tracking_leave_it<R: ProcessRecorder>(store: &Store<R>) {
    let id = new_id();
    store.track([event(id, 1)], "up", 7);
    store.save([event(id, 2)]);
    assert_eq!(store.tracked("up"), Some(7));
}

/// Upstream applications are kept apart, whatever their names.
pub fn upstreams_are_kept_apart<R: ProcessRecorder>(store: &Store<R>) {
    for (number, upstream) in (1..).zip(topics()) {
        store.track([], &upstream, number);
        store.track([], &upstream, number + 100);
    }
    for (number, upstream) in (1..).zip(topics()) {
        assert_eq!(store.tracked(&upstream), Some(number + 100), "the upstream {upstream:.80?}");
    }
}

/// A position is any that a log can have, up to the highest.
pub fn a_tracked_position_is_any<R: ProcessRecorder>(store: &Store<R>) {
    let max = i64::MAX.unsigned_abs();
    for position in [1, 2, 1 << 31, 1 << 32, 1 << 53, max - 1, max] {
        store.track([], "up", position);
        assert_eq!(store.tracked("up"), Some(position));
    }
    store.refuse_tracked([], "up", max);
}

/// The same tracked commit again returns the first receipt, and changes neither events nor tracking.
pub fn a_repeated_tracked_commit_changes_nothing<R: ProcessRecorder>(store: &Store<R>) {
    let id = new_id();
    for events in [vec![event(id, 1)], sequence(id, 2..=3)] {
        let at = events[0].version.get() * 10;
        let commit = Commit::new(events);
        let append = |position| store.append_tracked(commit.clone(), tracking("up", position));
        let first = accepted(append(at), "a tracked commit");
        let again = accepted(append(at), "the same tracked commit again");
        assert_eq!(again, first, "the second receipt of a tracked commit");
        store.track([], "up", at + 1);
        let again = accepted(append(at), "the same tracked commit, after others");
        assert_eq!(again, first, "the receipt of a tracked commit after others");
        // It was done before: what comes with it now is not recorded.
        let again = accepted(append(at + 5), "the same commit with a later tracking");
        assert_eq!(again, first, "the receipt of a commit with a later tracking");
        assert_eq!(store.tracked("up"), Some(at + 1), "a repeated commit changed the tracking");
    }
    assert_eq!(store.all(id), sequence(id, 1..=3));
}

/// A tracked commit brings its data keys.
pub fn a_tracked_commit_brings_its_keys<R: ProcessRecorder>(store: &Store<R>) {
    let id = new_id();
    let commit = with_keys([event(id, 1)], [key(id, "key")]);
    accepted(store.append_tracked(commit, tracking("up", 1)), "a tracked commit with a data key");
    assert_eq!(store.key(id), Some(key(id, "key")), "the data key that came with a tracked commit");
    assert_eq!(store.tracked("up"), Some(1));
    store.forget(id);
    assert_eq!(store.tracked("up"), Some(1), "forgetting changed the tracking");
}

/// Of several who process the same upstream event at the same time one records it: exactly once.
pub fn of_several_who_process_an_event_one_records_it<R: ProcessRecorder>(store: &Store<R>) {
    const ROUNDS: u64 = 30;
    let barrier = Barrier::new(6);
    let won: usize = thread::scope(|scope| {
        let process = || {
            let mut won = 0;
            for position in 1..=ROUNDS {
                barrier.wait();
                let commit = Commit::new(vec![event(new_id(), position), event(new_id(), position)]);
                won += usize::from(store.append_tracked(commit, tracking("up", position)).is_ok());
            }
            won
        };
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(process)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panic!("a save panicked"))).sum()
    });
    let versions: Vec<_> = store.whole_log().iter().map(|entry| entry.event.version.get()).collect();
    let once: Vec<_> = (1..=ROUNDS).flat_map(|position| [position, position]).collect();
    assert_eq!(versions, once, "the events that were recorded for each upstream position");
    assert_eq!(won as u64, ROUNDS, "so many were told that they recorded it");
    assert_eq!(store.tracked("up"), Some(ROUNDS));
}
