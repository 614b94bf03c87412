//! The second of two writers gets a conflict with exact details.

use uuid::Uuid;

use super::samples::{event, new_id, sequence, under, version};
use super::store::Store;
use crate::error::Conflict;
use crate::recorder::AggregateRecorder;

/// The same events under another commit id are a conflict.
pub fn the_same_events_under_another_commit_id_conflict<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save([event(id, 1)]);
    check(&store.refuse([event(id, 1)]), id, Some(0), Some(1));
    store.save(sequence(id, 2..=3));
    check(&store.refuse(sequence(id, 2..=3)), id, Some(1), Some(3));
    assert_eq!(store.all(id), sequence(id, 1..=3));
}

/// Another event at a taken version is a conflict, and the stored event stays.
pub fn a_stored_event_is_never_replaced<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save(sequence(id, [0, 1]));
    check(&store.refuse([under(id, 1, "Other")]), id, Some(0), Some(1));
    check(&store.refuse([under(id, 0, "Other")]), id, None, Some(1));
    assert_eq!(store.all(id), sequence(id, [0, 1]), "a refused event replaced a stored one");
}

/// A conflict names the aggregate, the version that the events follow, and the last one stored.
pub fn a_conflict_names_aggregate_expected_and_found<R: AggregateRecorder>(store: &Store<R>) {
    let (early, late, other) = (new_id(), new_id(), new_id());
    store.save(sequence(early, 1..=2));
    store.save(sequence(late, 1..=5));
    // Another writer has saved this aggregate since version 3.
    let mut events = sequence(early, 3..=4);
    events.extend(sequence(other, 1..=2));
    events.extend(sequence(late, 4..=6));
    check(&store.refuse(events), late, Some(3), Some(5));
    // The taken version is neither the first nor the last of its aggregate.
    store.save([event(other, 3)]);
    check(&store.refuse(sequence(other, 1..=9)), other, Some(0), Some(3));
    check(&store.refuse([event(late, 9), event(late, 2)]), late, Some(8), Some(5));
}

/// The same event twice in one commit is a conflict: a version has one event.
pub fn the_same_event_twice_in_a_commit_conflicts<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.refuse([event(id, 1), event(id, 1)]);
    store.refuse([event(id, 1), event(id, 2), under(id, 1, "Other")]);
    assert_eq!(store.all(id), [], "a refused commit left events");
    store.save([event(id, 1)]);
    check(&store.refuse([event(id, 2), event(id, 2)]), id, Some(1), Some(1));
    assert_eq!(store.all(id), [event(id, 1)], "a refused commit left events");
}

/// After a conflict the store works as before, also for the refused writer.
pub fn after_a_conflict_writing_goes_on<R: AggregateRecorder>(store: &Store<R>) {
    let id = new_id();
    store.save([event(id, 1)]);
    for last in 1..=20 {
        store.refuse(sequence(id, last..=last + 1));
        store.save([event(id, last + 1)]);
    }
    assert_eq!(store.all(id), sequence(id, 1..=21));
}

#[track_caller]
pub(super) fn check(conflict: &Conflict, id: Uuid, expected: Option<u64>, found: Option<u64>) {
    let Conflict::Version { id: named, expected: after, found: last, .. } = conflict else {
        panic!("a conflict of versions is reported as another one: {conflict:?}")
    };
    assert_eq!(*named, id, "the conflict names another aggregate");
    assert_eq!(*after, expected.map(version), "the version that the refused events follow");
    assert_eq!(*last, found.map(version), "the last version that is stored");
}
