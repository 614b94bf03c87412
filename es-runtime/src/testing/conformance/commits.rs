//! Whether a commit is stored can be asked.

use super::store::{Store, event, key, new_id, refused, sequence, with_keys};
use crate::recorder::{AggregateRecorder, Commit, CommitId};

/// An unknown commit is not found, at an unknown id and at a known one; that is no error.
pub fn an_unknown_commit_is_not_found<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    assert!(!store.has_commit(id, CommitId::new()), "an unknown commit was found at an unknown id");
    let known = Commit::new(sequence(id, 1..=2));
    store.store(&known);
    assert!(!store.has_commit(id, CommitId::new()), "an unknown commit was found");
    assert!(!store.has_commit(new_id(), known.id()), "a commit was found at an unknown id");
}

/// A commit is found at each of its aggregates, and at no other.
pub fn a_commit_is_found_at_its_aggregates<R: AggregateRecorder>(store: &Store<R>) {
    let ids = [new_id(), new_id(), new_id()];
    let other = new_id();
    let earlier = Commit::new(vec![event(ids[2], 1), event(other, 1)]);
    let commit = Commit::new(ids.map(|id| event(id, 2)).to_vec());
    store.store(&earlier);
    store.store(&commit);
    for id in ids {
        assert!(store.has_commit(id, commit.id()), "a commit was not found at one of its aggregates");
    }
    assert!(!store.has_commit(other, commit.id()), "a commit was found at another aggregate");
    let found = ids.map(|id| store.has_commit(id, earlier.id()));
    assert_eq!(found, [false, false, true], "where the earlier commit was found");
}

/// A refused commit is not found, whatever it was refused for.
pub fn a_refused_commit_is_not_found<R: AggregateRecorder>(store: &Store<R>) {
    let (id, gone) = (new_id(), new_id());
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    store.forget(gone);
    let taken = with_keys(sequence(id, 1..=2), [key(id, "key")]);
    let keyed = with_keys([event(id, 2)], [key(id, "other")]);
    let forgotten = with_keys([event(id, 2), event(gone, 1)], [key(id, "key")]);
    refused(store.append(taken.clone()));
    refused(store.append(keyed.clone()));
    store.refuse_forgotten(forgotten.clone());
    for commit in [taken, keyed, forgotten] {
        let found = [id, gone].map(|id| store.has_commit(id, commit.id()));
        assert_eq!(found, [false, false], "a refused commit was found");
    }
}

/// A commit is found as long as its events are there: after others, and after forgetting.
pub fn a_commit_is_found_ever_after<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    let commits: Vec<_> = (0..30).map(|at| Commit::new(sequence(id, [2 * at, 2 * at + 1]))).collect();
    for commit in &commits {
        store.store(commit);
        store.save([event(new_id(), 1)]);
    }
    assert!(commits.iter().all(|commit| store.has_commit(id, commit.id())), "after other commits");
    store.forget(id);
    assert!(commits.iter().all(|commit| store.has_commit(id, commit.id())), "after forgetting");
}
