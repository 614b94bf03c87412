//! A range selects snapshots to read or to remove.

use uuid::Uuid;

use super::ranges::{STORED, combinations};
use super::samples::{event, new_id, numbers, sequence, under, version};
use super::store::Store;
use crate::id::Version;
use crate::recorder::{EventRange, SnapshotRecorder};

/// Every combination of bounds, limit and order selects the snapshots that it names.
pub fn every_range_selects_the_snapshots_it_says<R: SnapshotRecorder>(store: &Store<R>) {
    let id = stored(store);
    for (range, expected) in combinations() {
        assert_eq!(numbers(&store.snapshots(id, range)), expected, "{range:?}");
    }
}

/// The versions of a range are those of the snapshots that it selects, in the same order.
pub fn every_range_has_the_versions_of_its_snapshots<R: SnapshotRecorder>(store: &Store<R>) {
    let id = stored(store);
    for (range, expected) in combinations() {
        assert_eq!(store.versions(id, range), expected, "{range:?}");
    }
}

/// The store finds the last snapshot, and the last up to a version, from the end.
pub fn the_last_snapshot_is_found_from_the_end<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put_all(sequence(id, [10, 20, 30]));
    store.put(event(new_id(), 40));
    let last = EventRange::all().descending().limit(1);
    assert_eq!(store.snapshots(id, last), [event(id, 30)], "the last snapshot");
    assert_eq!(store.snapshots(id, last.up_to(version(29))), [event(id, 20)], "the last up to version 29");
    assert_eq!(store.snapshots(id, last.up_to(version(20))), [event(id, 20)], "the last up to version 20");
    assert_eq!(store.snapshots(id, last.up_to(version(9))), [], "the last up to version 9");
}

/// `delete` removes exactly the snapshots that `select` would return: bounds, limit and order count.
pub fn deleting_removes_what_the_range_selects<R: SnapshotRecorder>(store: &Store<R>) {
    let id = stored(store);
    // The rule tries some combinations, since it has to put removed snapshots again; most remove nothing.
    let (some, none): (Vec<_>, Vec<_>) = combinations().partition(|(_, removed)| !removed.is_empty());
    for (range, removed) in some.into_iter().step_by(3).chain(none.into_iter().step_by(97)) {
        store.delete(id, range);
        let stay = STORED.into_iter().filter(|number| !removed.contains(number));
        assert_eq!(
            store.all_snapshots(id),
            sequence(id, stay),
            "the snapshots left after removing {range:?}"
        );
        store.put_all(sequence(id, removed));
    }
}

/// `delete` removes the oldest snapshots, the newest, or all but the last.
pub fn old_snapshots_are_deleted<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put_all(sequence(id, 1..=6));
    store.delete(id, EventRange::all().limit(1));
    assert_eq!(store.versions(id, EventRange::all()), [2, 3, 4, 5, 6], "without the first");
    store.delete(id, EventRange::all().descending().limit(2));
    assert_eq!(store.versions(id, EventRange::all()), [2, 3, 4], "without the last two");
    store.delete(id, EventRange::all().limit(0));
    assert_eq!(store.versions(id, EventRange::all()), [2, 3, 4], "a limit of 0 removes nothing");
    store.delete(id, EventRange::all().before(version(4)));
    assert_eq!(store.all_snapshots(id), [event(id, 4)], "all before version 4 were removed");
    store.delete(id, EventRange::all());
    assert_eq!(store.all_snapshots(id), [], "all were removed");
}

/// `delete` leaves the snapshots of other aggregates.
pub fn deleting_leaves_other_aggregates<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let others = [Uuid::from_u128(id.as_u128() ^ 1), new_id()];
    for id in others.into_iter().chain([id]) {
        store.put_all(sequence(id, 1..=3));
    }
    store.delete(id, EventRange::all().descending().limit(2));
    store.delete(id, EventRange::all());
    for other in others {
        assert_eq!(store.all_snapshots(other), sequence(other, 1..=3), "the snapshots of another aggregate");
    }
}

/// `delete` leaves the snapshots of other kinds.
pub fn deleting_leaves_other_kinds<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let others = ["topic", "Topic ", " Topic"].map(|kind| [1, 2, 3].map(|number| under(id, number, kind)));
    store.put_all(others.iter().flatten().cloned().chain(sequence(id, 1..=3)));
    store.delete(id, EventRange::all().limit(1));
    assert_eq!(store.all_snapshots(id), sequence(id, 2..=3), "without the first of one kind");
    store.delete(id, EventRange::all());
    store.delete_of(id, "Other", EventRange::all());
    assert_eq!(store.all_snapshots(id), [], "all of one kind were removed");
    for other in others {
        assert_eq!(store.all_snapshots_of(id, &other[0].topic), other, "the snapshots of another kind");
    }
}

/// `clear` removes the snapshots of an aggregate, of each kind and version; the store keeps those put later.
pub fn clearing_removes_every_kind<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let kinds = ["Topic", "topic", " Topic", "Other"];
    for _ in 0..2 {
        for kind in kinds {
            store.put_all([0, 1, 7, Version::MAX.get()].map(|number| under(id, number, kind)));
        }
        store.clear(id);
        for kind in kinds {
            assert_eq!(store.all_snapshots_of(id, kind), [], "snapshots of `{kind}` after clearing");
            assert_eq!(store.versions_of(id, kind, EventRange::all()), [0; 0], "versions after clearing");
        }
        store.clear(id);
    }
    store.put(event(id, 1));
    assert_eq!(store.all_snapshots(id), [event(id, 1)], "the snapshot put after clearing");
    store.clear(new_id());
}

/// `clear` leaves the snapshots of other aggregates, also of those whose id is nearly the same.
pub fn clearing_leaves_other_aggregates<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let near = [1, 1 << 127, 1 << 64].map(|bit| Uuid::from_u128(id.as_u128() ^ bit));
    let others = near.into_iter().chain([Uuid::nil(), Uuid::max(), new_id()]);
    for id in others.clone().chain([id]) {
        store.put_all(sequence(id, 1..=2).into_iter().chain([under(id, 1, "Other")]));
    }
    store.clear(id);
    for other in others {
        assert_eq!(store.all_snapshots(other), sequence(other, 1..=2), "the snapshots of another aggregate");
        assert_eq!(
            store.all_snapshots_of(other, "Other"),
            [under(other, 1, "Other")],
            "those of another kind"
        );
    }
}

/// Removing snapshots that do not exist is no error.
pub fn deleting_nothing_is_fine<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.delete(id, EventRange::all());
    store.put(event(id, 5));
    for range in [
        EventRange::all().before(version(5)),
        EventRange::all().after(version(5)).descending(),
        EventRange::all().limit(0),
        EventRange::all().after(version(7)).before(version(3)),
    ] {
        store.delete(id, range);
    }
    assert_eq!(store.all_snapshots(id), [event(id, 5)]);
}

/// A caller can put a removed snapshot again.
pub fn a_deleted_snapshot_can_be_put_again<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    for _ in 0..3 {
        store.put_all(sequence(id, 1..=2));
        store.delete(id, EventRange::all().descending().limit(1));
        assert_eq!(store.all_snapshots(id), [event(id, 1)]);
        store.put(event(id, 2));
        assert_eq!(store.all_snapshots(id), sequence(id, 1..=2), "a snapshot that was put again");
    }
}

/// Puts snapshots of the versions that the combinations select from, among others, and out of order.
fn stored<R: SnapshotRecorder>(store: &Store<R>) -> Uuid {
    let id = new_id();
    store.put_all(sequence(id, [5, 1]));
    store.put(event(new_id(), 2));
    store.put_all(sequence(id, [STORED[5], 0, 7, 2]));
    id
}
