//! A forgotten aggregate stays forgotten, and its events stay where they are.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use super::drops::poll_once;
use super::samples::{FORGOTTEN, event, key, new_id, notice_of, sequence, under, with_keys};
use super::store::{Store, accepted};
use crate::error::ErrorKind;
use crate::recorder::{Commit, KeyRecorder, StoredKey};
use crate::testing::random::Random;

/// The version of a notice that stands behind all events that other writers save meanwhile.
const LATE: u64 = 1 << 40;

/// The store keeps nothing of the data key of a forgotten aggregate but a tombstone, for ever.
pub fn a_forgotten_aggregate_has_no_key<R: KeyRecorder>(store: &Store<R>) {
    let ids = [new_id(), new_id()];
    for id in ids {
        store.store(&with_keys(sequence(id, 1..=2), [key(id, "key")]));
    }
    let [id, other] = ids;
    store.forget(id);
    is_forgotten(store, id);
    let _ = store.append(with_keys([event(id, 3)], [key(id, "key")]));
    let _ = store.append(with_keys(sequence(id, 3..=4), [key(id, "second")]));
    store.store(&with_keys([event(other, 3)], [key(other, "key")]));
    is_forgotten(store, id);
}

/// The events of a forgotten aggregate stay, with id, version, topic and state.
pub fn the_events_of_a_forgotten_aggregate_stay<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    store.store(&with_keys(sequence(id, 0..=3), [key(id, "key")]));
    store.store(&with_keys([under(id, 7, "Other")], [key(id, "key")]));
    let mut before = store.all(id);
    before.push(store.forget(id));
    assert_eq!(store.all(id), before, "the events of an aggregate that was forgotten");
}

/// The store adds no event to a forgotten aggregate: alone or with others, with a data key or without, at a free
/// version or a taken one.
pub fn no_event_is_added_to_a_forgotten_aggregate<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    store.store(&with_keys(sequence(id, 1..=2), [key(id, "key")]));
    let notice = store.forget(id);
    for events in [vec![event(id, 4)], sequence(id, 4..=6), vec![event(id, 2)], sequence(id, 3..=4)] {
        store.refuse_forgotten(&Commit::new(events.clone()));
        store.refuse_forgotten(&with_keys(events.clone(), [key(id, "key")]));
        store.refuse_forgotten(&with_keys(events, [key(id, "second")]));
    }
    let stored = [event(id, 1), event(id, 2), notice];
    assert_eq!(store.all(id), stored, "events of a forgotten aggregate are stored");
}

/// If one aggregate of a commit is forgotten, the store keeps nothing of the commit: neither if it is the first, the
/// middle or the last.
pub fn a_commit_of_a_forgotten_aggregate_stores_nothing<R: KeyRecorder>(store: &Store<R>) {
    for forgotten in 0..3 {
        for keyed in [false, true] {
            let ids = [new_id(), new_id(), new_id()];
            store.store(&with_keys([event(ids[forgotten], 1)], [key(ids[forgotten], "key")]));
            store.forget(ids[forgotten]);
            let keys = if keyed { ids.map(|id| key(id, "key")).to_vec() } else { Vec::new() };
            store.refuse_forgotten(&with_keys(ids.map(|id| event(id, 3)), keys));
            for (at, id) in ids.into_iter().enumerate().filter(|(at, _)| *at != forgotten) {
                assert_eq!(store.all(id), [], "event {at} of a commit whose event {forgotten} was refused");
                assert_eq!(store.key(id), None, "a refused commit left a data key");
                store.store(&with_keys([event(id, 2)], [key(id, "second")]));
            }
            assert_eq!(store.all(ids[forgotten]).len(), 2);
        }
    }
}

/// Forgetting leaves other aggregates as they were, also those of the same commit.
pub fn others_are_not_touched_by_forgetting<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    let near = Uuid::from_u128(id.as_u128() ^ 1);
    let ids = [near, id, new_id()];
    store.store(&with_keys(ids.map(|id| event(id, 1)), ids.map(|id| key(id, "key"))));
    store.forget(id);
    for other in [ids[0], ids[2]] {
        assert_eq!(store.key(other), Some(key(other, "key")), "the data key of another aggregate");
        store.store(&with_keys(sequence(other, 2..=3), [key(other, "key")]));
        assert_eq!(store.all(other), sequence(other, 1..=3));
    }
    is_forgotten(store, id);
}

/// Forgetting again changes nothing.
pub fn forgetting_again_changes_nothing<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    let notice = notice_of(id, 2);
    for notice in [&notice, &notice, &notice_of(id, 3), &notice_of(id, 1), &Commit::new(Vec::new())] {
        store.forget_with(id, notice);
        is_forgotten(store, id);
        store.refuse_forgotten(&Commit::new(vec![event(id, 3)]));
        assert_eq!(store.all(id).len(), 2, "the event and one notice");
    }
    assert_eq!(store.all(id)[1..], *notice.events(), "the notice of the first time");
}

/// An aggregate without a data key is forgotten too, and one without events can never have any.
pub fn an_aggregate_without_key_or_events_is_forgotten_too<R: KeyRecorder>(store: &Store<R>) {
    let (plain, unknown) = (new_id(), new_id());
    store.save([event(plain, 1)]);
    for (id, mut events) in [(plain, sequence(plain, [1])), (unknown, Vec::new())] {
        events.push(store.forget(id));
        is_forgotten(store, id);
        store.refuse_forgotten(&Commit::new(vec![event(id, 3)]));
        store.refuse_forgotten(&with_keys(sequence(id, 3..=4), [key(id, "key")]));
        assert_eq!(store.all(id), events, "events were added to a forgotten aggregate");
    }
}

/// A tombstone is no data key: with it the store takes no event and forgets nothing.
pub fn a_destroyed_key_is_no_key<R: KeyRecorder>(store: &Store<R>) {
    let ids = [new_id(), new_id()];
    store.store(&with_keys([event(ids[0], 1)], [key(ids[0], "key")]));
    for id in ids {
        let before = store.key(id);
        store.refuse_forgotten(&with_keys([event(id, 2)], [StoredKey::forgotten(id)]));
        assert_eq!(store.key(id), before, "the data key after what is left of one was refused");
        store.store(&with_keys([event(id, 2)], [key(id, "key")]));
    }
}

/// The store answers an earlier commit with its first receipt, also after its aggregates were forgotten.
pub fn a_commit_from_before_is_known_after_forgetting<R: KeyRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    let commits = [
        Commit::new(vec![event(id, 1)]),
        with_keys([event(id, 2)], [key(id, "key")]),
        with_keys(sequence(id, 3..=4), [key(id, "key")]),
        with_keys([event(other, 1), event(id, 5)], [key(other, "key"), key(id, "key")]),
    ];
    let receipts = commits.each_ref().map(|commit| store.store(commit));
    let mut stored = store.all(id);
    stored.push(store.forget(id));
    for (commit, receipt) in commits.iter().zip(&receipts) {
        assert_eq!(store.store(commit), *receipt, "the receipt of a commit from before forgetting");
    }
    assert_eq!(store.all(id), stored, "a commit from before forgetting was stored again");
    is_forgotten(store, id);
    store.refuse_forgotten(&Commit::with_id(commits[1].id(), sequence(id, [2, 7])));
}

/// Once the store has acknowledged `forget`, it adds no event, not even of a save that runs at that moment.
pub fn a_save_beside_forgetting_is_stored_before_it_or_not_at_all<R: KeyRecorder>(store: &Store<R>) {
    for round in 0..12 {
        let id = new_id();
        let keys = if round % 2 == 0 { vec![key(id, "key")] } else { Vec::new() };
        store.store(&with_keys([event(id, 0)], keys.clone()));
        let (is_forgotten, barrier) = (AtomicBool::new(false), Barrier::new(5));
        let after = thread::scope(|scope| {
            for writer in 0..4 {
                let (is_forgotten, barrier, keys) = (&is_forgotten, &barrier, &keys);
                scope.spawn(move || {
                    barrier.wait();
                    for number in 1.. {
                        let mut events = vec![event(id, number * 4 + writer)];
                        events.extend((writer % 2 == 0).then(|| event(new_id(), 1)));
                        let is_late = is_forgotten.load(Ordering::SeqCst);
                        match store.append(with_keys(events, keys.clone())) {
                            Ok(_) => assert!(!is_late, "an event was added to a forgotten aggregate"),
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::Forgotten, "a save meanwhile: {error}");
                                break;
                            }
                        }
                    }
                });
            }
            barrier.wait();
            thread::sleep(Duration::from_micros(round * 200));
            store.forget_with(id, &notice_of(id, LATE));
            let after = store.all(id);
            is_forgotten.store(true, Ordering::SeqCst);
            after
        });
        assert_eq!(store.all(id), after, "an event came after forgetting was acknowledged");
    }
}

/// A dropped future has forgotten the aggregate or not, and nothing between; another call completes it.
pub fn a_dropped_forgetting_leaves_nothing_half<R: KeyRecorder>(store: &Store<R>) {
    let mut random = Random::new(5);
    let never = new_id();
    store.store(&with_keys([event(never, 1)], [key(never, "key")]));
    drop(store.recorder().forget(never, notice_of(never, LATE)));
    for _ in 0..40 {
        let id = new_id();
        store.store(&with_keys([event(id, 1)], [key(id, "key")]));
        let mut future = Box::pin(store.recorder().forget(id, notice_of(id, LATE)));
        for _ in 0..=random.below(2) {
            if poll_once(store.way(), &mut future).is_ready() {
                break;
            }
            thread::sleep(Duration::from_micros(random.below(300)));
        }
        drop(future);
        // The dropped work may still run: a part that was seen can only become the whole.
        let was_forgotten = store.key(id).is_none_or(|key| key.wrapped().is_none());
        let saved = store.append(with_keys([event(id, 2)], [key(id, "key")]));
        if let Err(error) = &saved {
            assert_eq!(error.kind(), ErrorKind::Forgotten, "after a dropped forgetting: {error}");
            is_forgotten(store, id);
        }
        assert!(saved.is_err() || !was_forgotten, "the data key is destroyed, and an event is added");
        store.forget_with(id, &notice_of(id, LATE));
        is_forgotten(store, id);
        store.refuse_forgotten(&Commit::new(vec![event(id, 3)]));
        let notices = store.all(id).into_iter().filter(|event| event.topic == FORGOTTEN).count();
        assert_eq!(notices, 1, "so many notices of one forgetting");
    }
    assert_eq!(store.key(never), Some(key(never, "key")), "a future that was never polled has forgotten");
    let commit = with_keys([event(never, 2)], [key(never, "key")]);
    accepted(store.append(commit), "an event of what is not forgotten");
}

#[track_caller]
pub(super) fn is_forgotten<R: KeyRecorder>(store: &Store<R>, id: Uuid) {
    assert_eq!(store.key(id), Some(StoredKey::forgotten(id)), "the rest of a forgotten data key");
}
