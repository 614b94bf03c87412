//! A store keeps the limits that it names.

use std::collections::BTreeMap;

use super::samples::{event, new_id, sequence, stored, under};
use super::store::Store;
use crate::error::ErrorKind;
use crate::recorder::{AggregateRecorder, Commit};

/// The size at which a rule stops looking for a limit.
const MANY: usize = 3_000;

/// The store accepts a commit at a limit.
pub fn a_commit_at_a_limit_is_accepted<R: AggregateRecorder>(store: &Store<R>) {
    for commit in commits(store, 0) {
        store.store(&commit);
        let mut sequences: BTreeMap<_, Vec<_>> = BTreeMap::new();
        commit.events().iter().for_each(|event| sequences.entry(event.id).or_default().push(event.clone()));
        for (id, events) in sequences {
            assert_eq!(store.all(id), events, "the events of a commit at a limit");
        }
    }
}

/// The store refuses a commit beyond a limit whole, as `Unsupported`, and goes on working.
pub fn a_limit_refuses_a_commit_whole<R: AggregateRecorder>(store: &Store<R>) {
    for commit in commits(store, 1) {
        if store.recorder().limits().check(&commit).is_ok() {
            // The store has no such limit.
            store.store(&commit);
            continue;
        }
        store.refuse_as(ErrorKind::Unsupported, &commit);
        for event in commit.events() {
            assert_eq!(store.all(event.id), [], "a part of a commit beyond a limit is stored");
        }
        store.save([event(new_id(), 1)]);
    }
}

/// In a store that takes no gaps, each aggregate begins at version 1, and each version follows the one before.
pub fn a_gap_is_refused_where_none_is_taken<R: AggregateRecorder>(store: &Store<R>) {
    let takes_gaps = store.recorder().limits().sparse_versions;
    for numbers in [vec![0], vec![2], vec![1, 3], vec![1, 2, 4], vec![1_000_000]] {
        let id = new_id();
        let commit = Commit::new(sequence(id, numbers));
        if takes_gaps {
            store.store(&commit);
        } else {
            store.refuse_as(ErrorKind::Unsupported, &commit);
            assert_eq!(store.all(id), [], "a part of a commit with a gap is stored");
        }
    }
    let id = new_id();
    store.save([event(id, 1)]);
    let gap = Commit::new(vec![event(id, 3)]);
    if takes_gaps {
        store.store(&gap);
    } else {
        store.refuse_as(ErrorKind::Unsupported, &gap);
        store.save([event(id, 2)]);
        assert_eq!(store.all(id), sequence(id, 1..=2), "the stored events beside refused gaps");
    }
}

/// The store refuses a commit that is beyond a limit and in conflict for the limit.
pub fn a_limit_counts_before_a_conflict<R: AggregateRecorder>(store: &Store<R>) {
    for commit in commits(store, 1) {
        let Some(taken) = commit.events().first().cloned() else { continue };
        store.save([under(taken.id, taken.version.get(), "Other")]);
        let is_limited = store.recorder().limits().check(&commit).is_err();
        let kind = if is_limited { ErrorKind::Unsupported } else { ErrorKind::AlreadyExists };
        store.refuse_as(kind, &commit);
    }
}

/// Returns for each possible limit a commit that exceeds it by `beyond`, and exceeds no other.
fn commits<R: AggregateRecorder>(store: &Store<R>, beyond: usize) -> Vec<Commit> {
    let limits = store.recorder().limits();
    let [aggregates, events] = [limits.aggregates, limits.events].map(|most| most.unwrap_or(MANY) + beyond);
    let bytes = limits.bytes.unwrap_or(MANY) + beyond;
    let one = new_id();
    let small = |id, number| stored(id, number, "Topic", "");
    let of_aggregates = (0..aggregates).map(|_| small(new_id(), 1)).collect();
    let of_events = (1..=events as u64).map(|number| small(one, number)).collect();
    let of_bytes = vec![stored(new_id(), 1, "Topic", vec![7; bytes])];
    let mut commits: Vec<_> = [of_events, of_bytes].into_iter().map(Commit::new).collect();
    // A commit of one event for each aggregate has as many events as aggregates.
    if limits.events.is_none_or(|most| aggregates <= most) {
        commits.push(Commit::new(of_aggregates));
    }
    commits
}
