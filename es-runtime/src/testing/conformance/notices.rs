//! The store stores the notice of forgetting and destroys the key in one step.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::conflicts;
use super::forgetting::is_forgotten;
use super::samples::{event, key, new_id, notice, notice_of, sequence, under, with_keys};
use super::store::{SetAtEnd, Store, refused};
use crate::recorder::{Commit, KeyRecorder};

/// The notice is the last event of the aggregate, with or without a data key and events, and comes without a key.
pub fn the_notice_is_the_last_event<R: KeyRecorder>(store: &Store<R>) {
    let [keyed, plain, unknown] = [new_id(), new_id(), new_id()];
    store.store(&with_keys(sequence(keyed, 1..=3), [key(keyed, "key")]));
    store.save(sequence(plain, 1..=3));
    for (id, last) in [(keyed, 3), (plain, 3), (unknown, 0)] {
        store.forget_with(id, &notice_of(id, last + 1));
        let mut expected = sequence(id, 1..=last);
        expected.push(notice(id, last + 1));
        assert_eq!(store.all(id), expected, "the events of a forgotten aggregate, and the notice");
        store.refuse_forgotten(&Commit::new(vec![event(id, last + 2)]));
        is_forgotten(store, id);
    }
}

/// A second `forget`, with the same notice or another one, stores nothing.
pub fn one_notice_is_stored<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    let first = notice_of(id, 2);
    store.forget_with(id, &first);
    let stored = store.all(id);
    for again in [first, notice_of(id, 2), notice_of(id, 3), notice_of(id, 1), notice_of(id, 9)] {
        store.forget_with(id, &again);
        assert_eq!(store.all(id), stored, "the events after forgetting again");
    }
}

/// A notice at a version that another writer has taken meanwhile is a conflict, and the store destroys nothing.
pub fn a_notice_at_a_taken_place_conflicts<R: KeyRecorder>(store: &Store<R>) {
    let [keyed, plain] = [new_id(), new_id()];
    store.store(&with_keys(sequence(keyed, 1..=2), [key(keyed, "key")]));
    store.save(sequence(plain, 1..=2));
    for id in [keyed, plain] {
        let (events, known) = (store.all(id), store.key(id));
        for taken in [1, 2] {
            let answer = store.way().run(store.recorder().forget(id, notice_of(id, taken)));
            conflicts::check(&refused(answer), id, Some(taken - 1), Some(2));
            assert_eq!(store.all(id), events, "the events after a notice was refused");
            assert_eq!(store.key(id), known, "the data key after a notice was refused");
        }
        store.store(&with_keys([event(id, 3)], known.clone().into_iter().collect::<Vec<_>>()));
        store.forget_with(id, &notice_of(id, 4));
        is_forgotten(store, id);
    }
}

/// The store stores the notice and destroys the key in one step: no reader ever sees one without the other.
pub fn notice_and_key_go_together<R: KeyRecorder>(store: &Store<R>) {
    let ids: Vec<_> = (0..40).map(|_| new_id()).collect();
    for id in &ids {
        store.store(&with_keys([event(*id, 1)], [key(*id, "key")]));
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut next = 0;
            while next < ids.len() && !done.load(Ordering::Relaxed) {
                let key = store.key(ids[next]);
                let is_refused_for = store.all(ids[next]).len() == 2;
                let is_gone = key.is_none_or(|key| key.is_forgotten());
                assert!(is_refused_for || !is_gone, "a data key is destroyed, and the notice is not there");
                next += usize::from(is_gone);
            }
        });
        scope.spawn(|| {
            let mut next = 0;
            while next < ids.len() && !done.load(Ordering::Relaxed) {
                let is_refused_for = store.all(ids[next]).len() == 2;
                let is_gone = store.key(ids[next]).is_none_or(|key| key.is_forgotten());
                assert!(is_gone || !is_refused_for, "a notice is there, and the data key too");
                next += usize::from(is_refused_for);
            }
        });
        let _done = SetAtEnd(&done);
        for id in &ids {
            store.forget_with(*id, &notice_of(*id, 2));
        }
    });
}

/// A notice that a commit brings forgets nothing: it is an event like others.
pub fn only_forgetting_forgets<R: KeyRecorder>(store: &Store<R>) {
    let id = new_id();
    store.store(&with_keys([event(id, 1), notice(id, 2)], [key(id, "key")]));
    store.store(&with_keys([under(id, 3, "Other")], [key(id, "key")]));
    assert_eq!(
        store.key(id),
        Some(key(id, "key")),
        "an event that looks like a notice has destroyed a data key"
    );
}
