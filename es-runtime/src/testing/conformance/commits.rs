//! A store knows whether it holds a commit whose id the caller chose.

use super::samples::{event, key, new_id, sequence};
use super::store::{Store, refused};
use crate::recorder::{AggregateRecorder, Commit, CommitId, KeyRecorder};
use crate::stored_event::StoredEvent;

/// The store does not find an unknown commit, at an unknown id or a known one, and reports no error.
pub fn an_unknown_commit_is_not_found<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    assert!(!store.has_commit(id, CommitId::new()), "an unknown commit was found at an unknown id");
    let known = once(sequence(id, 1..=2));
    store.store(&known);
    assert!(!store.has_commit(id, CommitId::new()), "an unknown commit was found");
    assert!(!store.has_commit(new_id(), known.id()), "a commit was found at an unknown id");
}

/// The store finds a commit at each of its aggregates, and at no other.
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

/// The store does not find a refused commit.
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

/// The store finds a commit as long as it holds the commit's events, also after later commits.
pub fn a_commit_is_found_ever_after<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let commits: Vec<_> = (0..30).map(|at| once(sequence(id, [2 * at, 2 * at + 1]))).collect();
    for commit in &commits {
        store.store(commit);
        store.save([event(new_id(), 1)]);
    }
    assert!(commits.iter().all(|commit| store.has_commit(id, commit.id())), "after other commits");
}

/// The store does not find a commit id that the framework made: nobody asks for one, so no store needs an index of
/// them.
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

/// The store finds a commit after its aggregate was forgotten; it does not find one that it refused for that reason.
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

/// Makes a commit under an id that the caller chose.
fn once(events: Vec<StoredEvent>) -> Commit {
    Commit::once(CommitId::new(), events)
}
