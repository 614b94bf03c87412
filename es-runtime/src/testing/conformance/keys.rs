//! The store keeps the data keys of aggregates.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use uuid::Uuid;

use super::samples::{event, key, new_id, sequence, with_keys};
use super::store::{SetAtEnd, Store, accepted, refused};
use crate::error::{Conflict, ErrorKind};
use crate::id::DataKeyId;
use crate::recorder::{Commit, KeyRecorder, Receipt, StoredKey};

/// An unknown id has no data key, nor has an aggregate whose events came without one; the store reports no error.
pub fn an_unknown_id_has_no_key<R: KeyRecorder>(store: &Store<R>) {
    let (plain, keyed) = (new_id(), new_id());
    store.save([event(plain, 1)]);
    store.store(&with_keys([event(keyed, 1)], [key(keyed, "key")]));
    assert_eq!(store.keys([]), [], "nothing was asked for");
    assert_eq!(store.key(new_id()), None, "an unknown id has a data key");
    assert_eq!(store.key(plain), None, "an aggregate whose events came without a data key has one");
}

/// A reader gets a data key as the writer stored it: any bytes, few or many.
pub fn a_key_comes_back_as_it_was_stored<R: KeyRecorder>(store: &Store<R>) {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let large: Vec<u8> = all.iter().copied().cycle().take(1 << 10).collect();
    for wrapped in [vec![0], vec![0; 3], b"it's \"text\"; --".to_vec(), all, large] {
        for many in [1, 3] {
            let id = new_id();
            let stored = StoredKey::new(id, DataKeyId::random(), wrapped.clone());
            store.store(&with_keys(sequence(id, 1..=many), [stored.clone()]));
            let read = store.key(id);
            assert!(read == Some(stored), "a data key of {} bytes came back changed", wrapped.len());
            assert_eq!(store.all(id), sequence(id, 1..=many), "the events that came with a data key");
        }
    }
}

/// The sample of data keys holds living ones only, and is empty if the store has none.
pub fn sample_keys_are_stored_and_not_forgotten<R: KeyRecorder>(store: &Store<R>) {
    let sample =
        || accepted(store.way().run(store.recorder().sample_keys()), "reading a sample of the data keys");
    assert_eq!(sample(), [], "a sample of no data keys");
    let ids = [(); 3].map(|()| new_id());
    for id in ids {
        store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    }
    for (at, id) in ids.into_iter().enumerate() {
        let living: Vec<_> = ids[at..].iter().map(|id| key(*id, "key")).collect();
        assert!(sample().iter().all(|key| living.contains(key)), "a sample that is no living data key");
        store.forget(id);
    }
    assert_eq!(sample(), [], "a sample of data keys that are all destroyed");
}

/// A commit brings the data keys of all its aggregates.
pub fn a_commit_brings_the_keys_of_its_aggregates<R: KeyRecorder>(store: &Store<R>) {
    let ids = [new_id(), new_id(), new_id()];
    store.save([event(ids[1], 1)]);
    store.store(&with_keys(ids.map(|id| event(id, 2)), ids.map(|id| key(id, "key"))));
    for id in ids {
        assert_eq!(store.key(id), Some(key(id, "key")), "the data key of one of three in a commit");
    }
}

/// The store reads the data keys of many aggregates at once; it leaves unknown ids out, and takes an id twice.
pub fn the_keys_of_many_are_read_at_once<R: KeyRecorder>(store: &Store<R>) {
    let mut ids: Vec<_> = (0..1_500).map(|_| new_id()).collect();
    let events: Vec<_> = ids.iter().map(|id| event(*id, 1)).collect();
    let expected: Vec<_> = ids.iter().map(|id| key(*id, "key")).collect();
    store.store(&with_keys(events, expected.clone()));
    let some = [ids[7], new_id(), ids[3], ids[7]];
    assert_eq!(by_id(store.keys(some)), [expected[3].clone(), expected[7].clone()], "two of three");
    ids.extend((0..20).map(|_| new_id()));
    ids.reverse();
    assert!(by_id(store.keys(ids)) == expected, "the data keys of 1,500 aggregates");
}

/// The store keeps data keys apart, also those of ids that are nearly the same.
pub fn keys_are_kept_apart<R: KeyRecorder>(store: &Store<R>) {
    let one = new_id().as_u128();
    let near = [one, one ^ 1, one ^ (1 << 127), one.swap_bytes(), 0, u128::MAX].map(Uuid::from_u128);
    for id in near {
        store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    }
    for id in near {
        assert_eq!(store.key(id), Some(key(id, "key")), "the data key of {id}");
    }
}

/// The store accepts again the data key that an aggregate has.
pub fn the_same_key_again_is_accepted<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    for number in 1..=3 {
        store.store(&with_keys([event(id, number)], [key(id, "key")]));
    }
    store.store(&with_keys(sequence(id, 4..=5), [key(id, "key")]));
    assert_eq!(store.key(id), Some(key(id, "key")));
    assert_eq!(store.all(id), sequence(id, 1..=5), "events that came with the same data key again");
}

/// The store refuses events without their aggregate's data key, which would stay readable after the key is destroyed.
/// It still knows a commit of them that it has stored already.
pub fn events_without_the_key_of_their_aggregate_are_refused<R: KeyRecorder>(store: &Store<R>) {
    let (id, other, plain) = (new_id(), new_id(), new_id());
    let before = Commit::new(vec![event(id, 1)]);
    let receipt = store.store(&before);
    store.store(&with_keys([event(id, 2)], [key(id, "key")]));
    for events in [
        vec![event(id, 3)],
        sequence(id, 3..=4),
        vec![event(other, 1), event(id, 3)],
        vec![event(id, 3), event(other, 1)],
    ] {
        for keys in [Vec::new(), vec![key(other, "key")]] {
            let kind = store.append(with_keys(events.clone(), keys)).map_err(|error| error.kind());
            assert_eq!(
                kind,
                Err(ErrorKind::Config),
                "events that came without the data key of their aggregate"
            );
        }
    }
    assert_eq!(store.all(id), sequence(id, 1..=2), "events that came without their data key are stored");
    assert_eq!(
        (store.all(other), store.key(other)),
        (Vec::new(), None),
        "a part of a refused commit is stored"
    );
    assert_eq!(store.store(&before), receipt, "the receipt of a commit from before there was a data key");
    store.save([event(plain, 1), event(plain, 2)]);
}

/// Another data key is a conflict that names the aggregate, and the store keeps nothing of the commit.
pub fn another_key_is_a_conflict<R: KeyRecorder>(store: &Store<R>) {
    let (id, before, after) = (new_id(), new_id(), new_id());
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    let ids = [before, id, after];
    let other = |id| if id == before || id == after { key(id, "key") } else { key(id, "other") };
    for commit in [
        with_keys([event(id, 2)], [key(id, "other")]),
        with_keys(sequence(id, 2..=4), [key(id, "other")]),
        with_keys(ids.map(|id| event(id, 2)), ids.map(other)),
    ] {
        let conflict = refused(store.append(commit));
        assert_eq!(conflict, Conflict::key(id), "the conflict of another data key");
        assert_eq!(store.all(id), [event(id, 1)], "events with another data key are stored");
        for other in [before, after] {
            assert_eq!(store.all(other), [], "a refused commit left events");
            assert_eq!(store.key(other), None, "a refused commit left a data key");
        }
        assert_eq!(store.key(id), Some(key(id, "key")), "another data key replaced the first");
    }
    store.store(&with_keys([event(id, 2)], [key(id, "key")]));
}

/// Two data keys of one aggregate in one commit are a conflict.
pub fn two_keys_of_one_aggregate_conflict<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    let conflict = refused(store.append(with_keys([event(id, 1)], [key(id, "one"), key(id, "other")])));
    assert_eq!(conflict, Conflict::key(id), "the conflict of two data keys");
    assert_eq!(store.key(id), None, "a refused commit left a data key");
    assert_eq!(store.all(id), [], "a refused commit left events");
}

/// A refused commit leaves no data key.
pub fn a_refused_commit_leaves_no_key<R: KeyRecorder>(store: &Store<R>) {
    let (taken, other) = (new_id(), new_id());
    store.save([event(taken, 1)]);
    let keys = [key(other, "key"), key(taken, "key")];
    refused(store.append(with_keys([event(taken, 1)], keys[1..].to_vec())));
    refused(store.append(with_keys([event(other, 1), event(taken, 1)], keys)));
    assert_eq!(by_id(store.keys([taken, other])), [], "a refused commit left a data key");
    store.store(&with_keys([event(other, 1)], [key(other, "second")]));
    assert_eq!(store.key(other), Some(key(other, "second")), "the data key after a refused one");
}

/// A repeated commit with another data key gets the first receipt, and the first data key stays.
pub fn a_repeated_commit_leaves_the_first_key<R: KeyRecorder>(store: &Store<R>) {
    let (id, plain) = (new_id(), new_id());
    let again = |commit: &Commit, first: &Receipt, key: StoredKey| {
        let again = Commit::with_id(commit.id(), commit.events().to_vec()).with_keys(vec![key]);
        assert_eq!(store.store(&again), *first, "the receipt of a commit that came again with another key");
    };
    for events in [vec![event(id, 1)], sequence(id, 2..=3)] {
        let commit = with_keys(events, [key(id, "key")]);
        let first = store.store(&commit);
        again(&commit, &first, key(id, "other"));
        again(&commit, &first, key(id, "key"));
    }
    assert_eq!(store.key(id), Some(key(id, "key")), "a repeated commit replaced a data key");
    let commit = Commit::new(vec![event(plain, 1)]);
    let first = store.store(&commit);
    again(&commit, &first, key(plain, "late"));
    assert_eq!(store.key(plain), None, "a repeated commit stored a data key");
}

/// Of several writers that bring different first data keys of an aggregate at the same time one wins, and the others
/// get a conflict.
pub fn of_several_first_keys_one_wins<R: KeyRecorder>(store: &Store<R>) {
    for round in 0..20 {
        let id = new_id();
        let barrier = Barrier::new(6);
        let answers: Vec<_> = thread::scope(|scope| {
            let rival = |number: u64| {
                let (store, barrier) = (&store, &barrier);
                scope.spawn(move || {
                    // Each writer takes a version of its own: only the keys conflict.
                    let mut events = vec![event(id, number)];
                    events.extend((round % 2 == 0).then(|| event(new_id(), 1)));
                    let commit = with_keys(events, [key(id, &number.to_string())]);
                    barrier.wait();
                    (number, store.append(commit))
                })
            };
            let rivals: Vec<_> = (0..6).map(rival).collect();
            rivals
                .into_iter()
                .map(|rival| rival.join().unwrap_or_else(|_| panic!("a save panicked")))
                .collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.is_ok());
        let won: Vec<_> = won.into_iter().map(|(number, _)| number).collect();
        assert_eq!(won.len(), 1, "round {round}: of 6 rivals these won: {won:?}");
        for (_, answer) in lost {
            assert_eq!(refused(answer), Conflict::key(id), "the error of a loser");
        }
        assert_eq!(store.all(id), [event(id, won[0])], "the event of a loser is stored");
        assert_eq!(store.key(id), Some(key(id, &won[0].to_string())), "the data key of a loser is stored");
    }
}

/// The reader of an event finds its data key, at any moment.
pub fn an_event_is_never_seen_without_its_key<R: KeyRecorder>(store: &Store<R>) {
    let ids: Vec<_> = (0..60).map(|_| new_id()).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut next = 0;
                while next < ids.len() && !done.load(Ordering::Relaxed) {
                    if !store.all(ids[next]).is_empty() {
                        assert!(store.key(ids[next]).is_some(), "an event is there, and its data key is not");
                        next += 1;
                    }
                }
            });
        }
        let _done = SetAtEnd(&done);
        for id in &ids {
            store.store(&with_keys([event(*id, 1)], [key(*id, "key")]));
        }
    });
}

/// Returns the keys in the order of their ids, each once; equal ids must have equal keys.
pub(super) fn by_id(mut keys: Vec<StoredKey>) -> Vec<StoredKey> {
    keys.sort_by_key(StoredKey::aggregate);
    keys.dedup();
    keys
}
