//! Of several reasons to refuse a commit, the store reports the first in a known order.

use super::samples::{cursor, event, key, mark, new_id, sequence, step, with_keys};
use super::steps::names;
use super::store::{Store, accepted, refused};
use crate::error::{Conflict, Error, ErrorKind};
use crate::recorder::{AggregateRecorder, Commit, KeyRecorder, ProcessRecorder, Receipt, StoredKey};
use crate::stored_event::StoredEvent;

/// A reason to refuse a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Forgotten,
    WithoutKey,
    OtherKey,
    TakenVersion,
}

use Reason::{Forgotten, OtherKey, TakenVersion, WithoutKey};

/// A forgotten aggregate, or one whose key the commit lacks, counts before a data key of another id, and that before a
/// taken version, wherever the events stand in the commit.
pub fn the_first_reason_counts<R: KeyRecorder>(store: &Store<R>) {
    for (commit, first) in pairs(store) {
        is_refused_for(store.append(commit), first);
    }
}

/// A step that begins elsewhere counts before a taken version; but the store never refuses a repeated commit for its
/// step.
pub fn a_step_counts_before_a_version<R: ProcessRecorder>(store: &Store<R>) {
    let (id, up) = (new_id(), cursor("up"));
    let commit = Commit::new(sequence(id, 1..=2));
    let receipt = accepted(store.append_tracked(commit.clone(), step(&up, None, 5)), "a tracked commit");
    for from in [None, Some(4)] {
        let elsewhere = step(&up, from, 9);
        for events in [vec![event(id, 2)], sequence(id, 2..=3), vec![event(id, 3), event(id, 3)]] {
            names(&store.refuse_process(events, elsewhere.clone()), &elsewhere, Some(mark(5)));
        }
        let again = store.append_tracked(commit.clone(), elsewhere);
        assert_eq!(accepted(again, "a commit that was done before"), receipt, "its receipt");
    }
    store.is_at(&up, 5);
}

/// A step that begins elsewhere counts before data keys, and before forgotten aggregates.
pub fn a_step_counts_before_keys<R: ProcessRecorder + KeyRecorder>(store: &Store<R>) {
    let up = cursor("up");
    store.track(&up, None, 5);
    for (commit, first) in pairs(store) {
        let elsewhere = step(&up, 4, 9);
        names(&refused(store.append_tracked(commit.clone(), elsewhere.clone())), &elsewhere, Some(mark(5)));
        is_refused_for(store.append_tracked(commit, step(&up, 5, 9)), first);
        store.is_at(&up, 5);
    }
}

/// A recorder without data keys says so, and refuses a commit that brings some; one with data keys finds them.
pub fn keys_are_kept_or_refused<R: AggregateRecorder>(store: &Store<R>) {
    let (id, other) = (new_id(), new_id());
    for events in [vec![event(id, 1)], vec![event(other, 1), event(id, 2)], Vec::new()] {
        let commit = with_keys(events.clone(), [key(id, "key")]);
        let Some(keys) = store.recorder().as_keys() else {
            store.refuse_as(ErrorKind::Unsupported, &commit);
            assert_eq!(store.all(id), [], "a part of a refused commit is stored");
            assert_eq!(store.all(other), [], "a part of a refused commit is stored");
            continue;
        };
        store.store(&commit);
        let found = accepted(store.way().run(keys.select_keys_dyn(vec![id])), "reading data keys");
        assert_eq!(found, [key(id, "key")], "the data key that came with a commit");
    }
    store.save([event(new_id(), 1)]);
}

/// Returns commits with two reasons for a refusal, and the reason that counts.
fn pairs<R: KeyRecorder>(store: &Store<R>) -> Vec<(Commit, Reason)> {
    let order = [
        (Forgotten, OtherKey),
        (Forgotten, TakenVersion),
        (WithoutKey, OtherKey),
        (WithoutKey, TakenVersion),
        (OtherKey, TakenVersion),
    ];
    let mut pairs = Vec::new();
    for (first, second) in order {
        for reasons in [[first, second], [second, first]] {
            let parts = reasons.map(|reason| part(store, reason));
            let events: Vec<_> = parts.iter().map(|(event, _)| event.clone()).collect();
            let keys: Vec<_> = parts.into_iter().filter_map(|(_, key)| key).collect();
            pairs.push((with_keys(events, keys), first));
        }
    }
    pairs
}

/// Returns an event that the store refuses for a reason, and the data key that comes with the event.
fn part<R: KeyRecorder>(store: &Store<R>, reason: Reason) -> (StoredEvent, Option<StoredKey>) {
    let id = new_id();
    store.store(&with_keys([event(id, 1)], [key(id, "key")]));
    match reason {
        Forgotten => {
            store.forget(id);
            (event(id, 3), None)
        }
        WithoutKey => (event(id, 2), None),
        OtherKey => (event(id, 2), Some(key(id, "other"))),
        TakenVersion => (event(id, 1), Some(key(id, "key"))),
    }
}

#[track_caller]
fn is_refused_for(answer: Result<Receipt, Error>, reason: Reason) {
    let Err(error) = answer else { panic!("a commit was accepted that has two reasons to be refused") };
    let found = match error.as_conflict() {
        Some(Conflict::Key { .. }) => Some(OtherKey),
        Some(Conflict::Version { .. }) => Some(TakenVersion),
        _ if error.kind() == ErrorKind::Forgotten => Some(Forgotten),
        _ if error.kind() == ErrorKind::Config => Some(WithoutKey),
        _ => None,
    };
    assert_eq!(found, Some(reason), "the reason that counts of two: {error}");
}
