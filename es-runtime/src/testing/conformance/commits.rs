//! A store can be asked for a commit whose id the caller chose.

use super::samples::{event, key, new_id, sequence};
use super::store::{Store, refused};
use crate::recorder::{AggregateRecorder, Commit, CommitId, KeyRecorder};
use crate::stored_event::StoredEvent;

/// An unknown commit is not found, at an unknown id and at a known one; that is no error.
pub fn an_unknown_commit_is_not_found<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    assert!(!store.has_commit(id, CommitId::new()), "an unknown commit was found at an unknown id");
    let known = once(sequence(id, 1..=2));
    store.store(&known);
    assert!(!store.has_commit(id, CommitId::new()), "an unknown commit was found");
    assert!(!store.has_commit(new_id(), known.id()), "a commit was found at an unknown id");
}

/// A commit is found at each of its aggregates, and at no other.
pub fn a_commit_is_found_at_its_aggregates<R: AggregateRecorder>(store: &Store<R>) {
    let ids = [new_id(), new_id(), new_id()];
    let other = new_id();
    let earlier = once(vec![event(ids[2], 1), event(other, 1)]);
    let commit = once(ids.map(|id| event(id, 2)).to_vec());
    store.store(&earlier);
    store.store(&commit);
    for id in ids {
        assert!(store.has_commit(id, commit.id()), "a commit was not found at one of its aggregates");
    }
    assert!(!store.has_commit(other, commit.id()), "a commit was found at another aggregate");
    let found = ids.map(|id| store.has_commit(id, earlier.id()));
    assert_eq!(found, [false, false, true], "where the earlier commit was found");
}

/// A refused commit is not found.
pub fn a_refused_commit_is_not_found<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    store.save([event(id, 1)]);
    let late = once(vec![event(other, 1), event(id, 1)]);
    let double = once(vec![event(other, 1), event(other, 1)]);
    for commit in [late, double] {
        refused(store.append(commit.clone()));
        let found = [id, other].map(|id| store.has_commit(id, commit.id()));
        assert_eq!(found, [false, false], "a refused commit was found");
    }
}

/// A commit is found as long as its events are there, also after others.
pub fn a_commit_is_found_ever_after<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let commits: Vec<_> = (0..30).map(|at| once(sequence(id, [2 * at, 2 * at + 1]))).collect();
    for commit in &commits {
        store.store(commit);
        store.save([event(new_id(), 1)]);
    }
    assert!(commits.iter().all(|commit| store.has_commit(id, commit.id())), "after other commits");
}

/// An id that the framework gave is not found: nobody asks for it, and a store need not keep it where it is found.
pub fn only_chosen_ids_are_found<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let (given, chosen) = (Commit::new(sequence(id, 1..=2)), once(sequence(id, 3..=4)));
    for _ in 0..2 {
        store.store(&given);
        store.store(&chosen);
        assert!(!store.has_commit(id, given.id()), "a commit was found whose id nobody chose");
        assert!(store.has_commit(id, chosen.id()), "a commit was not found whose id was chosen");
    }
}

/// A commit is found after its aggregate was forgotten, and one that was refused because of that is not.
pub fn forgetting_leaves_what_is_found<R: KeyRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    let commit = once(sequence(id, 1..=2)).with_keys(vec![key(id, "key")]);
    store.store(&commit);
    let keyed = once(vec![event(id, 3)]).with_keys(vec![key(id, "other")]);
    refused(store.append(keyed.clone()));
    store.forget(id);
    let late = once(vec![event(other, 1), event(id, 9)]);
    store.refuse_forgotten(&late);
    assert!(store.has_commit(id, commit.id()), "a commit is not found after forgetting");
    for refused in [keyed, late] {
        let found = [id, other].map(|id| store.has_commit(id, refused.id()));
        assert_eq!(found, [false, false], "a refused commit was found");
    }
}

/// Events under an id that the caller chose.
fn once(events: Vec<StoredEvent>) -> Commit {
    Commit::once(CommitId::new(), events)
}
