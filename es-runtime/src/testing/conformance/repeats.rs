//! The store keeps a repeated commit once.

use std::sync::Barrier;
use std::thread;

use uuid::Uuid;

use super::conflicts::check;
use super::samples::{event, new_id, sequence, under};
use super::store::{Store, refused};
use crate::recorder::{AggregateRecorder, Commit, CommitId, Receipt};

/// A repeated commit gets the first receipt, marked as repeated, and the store stores nothing.
pub fn the_same_commit_again_returns_the_first_receipt<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    let commits = [
        Commit::new(vec![event(id, 1)]),
        Commit::new(sequence(id, 2..=4)),
        Commit::new(vec![event(other, 1), event(id, 5), event(other, 2)]),
    ];
    for commit in &commits {
        let first = store.store(commit);
        assert!(!first.is_repeated(), "the first receipt says that it was stored before");
        assert_eq!(store.store(commit), first, "the second receipt of a commit of {}", commit.events().len());
        assert!(store.store(commit).is_repeated(), "a receipt does not say that it was stored before");
        assert_eq!(store.store(commit), first, "the third receipt of a commit of {}", commit.events().len());
    }
    assert_eq!(store.all(id), sequence(id, 1..=5), "a commit that was saved again was stored again");
    assert_eq!(store.all(other), sequence(other, 1..=2), "a commit that was saved again was stored again");
}

/// The store knows a commit also after others have saved, on the same aggregate too.
pub fn a_commit_is_known_also_after_others<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let single = Commit::new(vec![event(id, 1)]);
    let several = Commit::new(sequence(id, 2..=3));
    let receipts = [store.store(&single), store.store(&several)];
    for number in 4..=30 {
        store.save([event(id, number), event(new_id(), 1)]);
    }
    assert_eq!(store.store(&single), receipts[0], "a commit of one event");
    assert_eq!(store.store(&several), receipts[1], "a commit of two events");
    assert_eq!(store.all(id), sequence(id, 1..=30));
}

/// The store keeps a commit once that several callers save at the same time, and all get the same receipt.
pub fn a_commit_saved_by_several_at_once_is_stored_once<R: AggregateRecorder>(store: &Store<R>) {
    for round in 0..20 {
        let id = new_id();
        let commit = Commit::new(sequence(id, 1..=1 + round % 3));
        let barrier = Barrier::new(6);
        let receipts: Vec<Receipt> = thread::scope(|scope| {
            let save = || {
                barrier.wait();
                store.append(commit.clone())
            };
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(save)).collect();
            let answers = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            answers
                .map(|answer| {
                    super::store::accepted(
                        answer.unwrap_or_else(|_| panic!("a save panicked")),
                        "a repeated commit",
                    )
                })
                .collect()
        });
        assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "different receipts: {receipts:?}");
        assert_eq!(store.all(id), commit.events(), "the events that several writers saved at once");
    }
}

/// A commit that is stored only in part, under whatever id, is a conflict, and the store does not add the rest.
pub fn a_commit_that_is_stored_in_part_conflicts<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let commit = Commit::new(sequence(id, 1..=2));
    store.store(&commit);
    refused(store.append(Commit::with_id(commit.id(), sequence(id, 1..=3))));
    refused(store.append(Commit::with_id(commit.id(), vec![event(id, 3), event(id, 2)])));
    store.save([event(id, 3)]);
    // The store holds all events, but the last under another commit id.
    refused(store.append(Commit::with_id(commit.id(), sequence(id, 1..=3))));
    refused(store.append(Commit::with_id(commit.id(), sequence(id, 3..=4))));
    assert_eq!(store.all(id), sequence(id, 1..=3));
}

/// The store knows a commit whose events come in another order.
pub fn a_permuted_commit_was_done_before<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    let mut events = sequence(id, 1..=3);
    events.extend(sequence(other, 1..=2));
    let commit = Commit::new(events.clone());
    let first = store.store(&commit);
    for turn in 1..events.len() {
        events.rotate_left(turn);
        let again = store.store(&Commit::with_id(commit.id(), events.clone()));
        assert_eq!(again, first, "the receipt of a commit in another order");
        assert!(again.is_repeated(), "a receipt does not say that it was stored before");
    }
    assert_eq!(store.all(id), sequence(id, 1..=3), "a commit that came again was stored again");
}

/// The store knows a part of a commit, and its receipt names the positions of that part, if the store has positions.
pub fn a_part_of_a_commit_was_done_before<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    let events = [event(id, 1), event(other, 1), event(id, 2), event(other, 2)];
    let commit = Commit::new(events.to_vec());
    let first = store.store(&commit);
    store.save([event(id, 3)]);
    for (from, to) in [(0, 1), (1, 2), (3, 4), (0, 2), (1, 4)] {
        let part = store.store(&Commit::with_id(commit.id(), events[from..to].to_vec()));
        assert!(part.is_repeated(), "a receipt does not say that it was stored before");
        let places = first.positions().map(|(first, _)| [from, to - 1].map(|at| first.get() + at as u64));
        let named = part.positions().map(|(first, last)| [first.get(), last.get()]);
        assert_eq!(named, places, "the places of events {from} to {to} of a commit");
    }
    assert_eq!(store.all(id), sequence(id, 1..=3), "a part of a commit that came again was stored again");
}

/// A repeated commit with more events is a conflict, and the store does not keep the new ones.
pub fn a_commit_with_more_events_conflicts<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    let commit = Commit::new(sequence(id, 1..=2));
    store.store(&commit);
    for more in [vec![event(id, 3)], vec![event(other, 1)], vec![event(other, 1), event(id, 3)]] {
        for turned in [false, true] {
            let mut events = [commit.events(), &more].concat();
            if turned {
                events.reverse();
            }
            refused(store.append(Commit::with_id(commit.id(), events)));
            assert_eq!(
                store.all(id),
                sequence(id, 1..=2),
                "the store kept events of a repeated commit with more events"
            );
            assert_eq!(store.all(other), [], "the store kept events of a repeated commit with more events");
        }
    }
}

/// A second commit under one id, with other topics at the same versions, is a conflict.
pub fn a_commit_id_with_other_topics_conflicts<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let commits = [Commit::new(vec![event(id, 1)]), Commit::new(sequence(id, 2..=3))];
    for commit in &commits {
        store.store(commit);
    }
    let other = vec![under(id, 1, "Other")];
    check(&refused(store.append(Commit::with_id(commits[0].id(), other))), id, Some(0), Some(3));
    let others = [[under(id, 2, "Other"), event(id, 3)], [event(id, 2), under(id, 3, "Other")]];
    for events in others {
        let conflict = refused(store.append(Commit::with_id(commits[1].id(), events.to_vec())));
        check(&conflict, id, Some(1), Some(3));
    }
    assert_eq!(store.all(id), sequence(id, 1..=3), "a stored event was replaced");
}

/// A repeated commit may have other states: a cipher never writes the same bytes twice.
pub fn a_repeated_commit_may_have_other_states<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    for events in [vec![event(id, 1)], sequence(id, 2..=3)] {
        let commit = Commit::new(events);
        let first = store.store(&commit);
        let mut again = commit.events().to_vec();
        for event in &mut again {
            event.state.push(7);
        }
        assert_eq!(store.store(&Commit::with_id(commit.id(), again)), first, "the receipt of other states");
    }
    assert_eq!(store.all(id), sequence(id, 1..=3), "a repeated commit replaced states");
}

/// A later commit does not make a refused one look stored.
pub fn a_refused_commit_stays_refused<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save([event(id, 1)]);
    let late = Commit::new(vec![under(id, 1, "Late"), under(id, 2, "Late")]);
    refused(store.append(late.clone()));
    store.save([event(id, 2)]);
    refused(store.append(late));
    assert_eq!(store.all(id), sequence(id, 1..=2));
}

/// A commit id of the caller is any UUID.
pub fn a_commit_id_is_any_uuid<R: AggregateRecorder>(store: &Store<R>) {
    for uuid in [Uuid::nil(), Uuid::max(), Uuid::from_bytes(*b"'; DROP TABLE --")] {
        let id = new_id();
        let commit = Commit::with_id(CommitId::from_uuid(uuid), sequence(id, 1..=2));
        let first = store.store(&commit);
        assert_eq!(store.store(&commit), first, "the commit {uuid}");
        assert_eq!(store.all(id), commit.events());
    }
}
