//! The store keeps a commit as a whole, or not at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::samples::{event, new_id, sequence};
use super::store::{SetAtEnd, Store};
use crate::recorder::{AggregateRecorder, Commit};

/// If the place of one event is taken, the store keeps no event of the commit: neither if it is the first, the middle
/// or the last.
pub fn a_refused_commit_stores_nothing<R: AggregateRecorder>(store: &Store<R>) {
    for taken in 0..3 {
        let ids = [new_id(), new_id(), new_id()];
        store.save([event(ids[taken], 1)]);
        store.refuse(ids.map(|id| event(id, 1)));
        for (at, id) in ids.into_iter().enumerate() {
            let expected = usize::from(at == taken);
            assert_eq!(store.all(id).len(), expected, "event {at} of a commit whose event {taken} was taken");
        }
    }
    let id = new_id();
    store.save([event(id, 3)]);
    store.refuse(sequence(id, 1..=3));
    store.refuse(sequence(id, 2..=4));
    store.refuse(sequence(id, 3..=5));
    assert_eq!(store.all(id), [event(id, 3)], "a refused commit of one aggregate left events");
}

/// A refused commit leaves its commit id free: a later commit under it is stored.
pub fn a_refused_commit_leaves_its_id_free<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    store.save([event(id, 1)]);
    let refused = Commit::new(vec![event(other, 1), event(id, 1)]);
    super::store::refused(store.append(refused.clone()));
    super::store::refused(store.append(refused.clone()));
    store.store(&Commit::with_id(refused.id(), vec![event(other, 1), event(id, 2)]));
    assert_eq!(store.all(other), [event(other, 1)]);
    assert_eq!(store.all(id), sequence(id, 1..=2));
}

/// A reader sees all events of a commit or none, at any moment.
pub fn a_reader_never_sees_part_of_a_commit<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let many = store.all(id).len();
                    assert_eq!(many % 10, 0, "{many} events are visible, of commits of 10 each");
                }
            });
        }
        let _done = SetAtEnd(&done);
        for round in 0..60 {
            store.save(sequence(id, round * 10..(round + 1) * 10));
        }
    });
}
