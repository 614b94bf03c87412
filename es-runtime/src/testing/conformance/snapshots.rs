//! A reader gets the snapshot that was put last.

use uuid::Uuid;

use super::events::topics;
use super::samples::{TOPIC, event, new_id, numbers, saying, sequence, stored, under, version};
use super::store::Store;
use crate::id::Version;
use crate::recorder::{EventRange, SnapshotRecorder};
use crate::stored_event::StoredEvent;

/// An unknown id has no snapshots in any range, and the store reports no error.
pub fn an_unknown_id_has_no_snapshots<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put(event(new_id(), 1));
    for range in
        [EventRange::all(), EventRange::all().descending().limit(1), EventRange::all().after(version(7))]
    {
        assert_eq!(store.snapshots(id, range), [], "an id without snapshots has some in {range:?}");
        assert_eq!(store.versions(id, range), [0; 0], "an id without snapshots has versions in {range:?}");
    }
}

/// A snapshot comes back with the id, version, topic and state of its `put`.
pub fn a_snapshot_comes_back_as_it_was_put<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let snapshots = [stored(id, 1, "topic1", "state1"), stored(id, 100, "topic2", "state2")];
    store.put_all(snapshots.clone());
    for snapshot in snapshots {
        assert_eq!(store.all_snapshots_of(id, &snapshot.topic), [snapshot]);
    }
}

/// A new snapshot replaces the stored one of its kind and version.
pub fn a_snapshot_put_again_is_replaced<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put_all([event(id, 1), event(id, 2), event(id, 3)]);
    for text in ["other", "other", "one", "a third that is longer than the one before", "short", ""] {
        store.put(saying(id, 2, text));
        let expected = [event(id, 1), saying(id, 2, text), event(id, 3)];
        assert_eq!(store.all_snapshots(id), expected, "after a snapshot of version 2 was put again");
    }
    assert_eq!(store.versions(id, EventRange::all()), [1, 2, 3], "the versions after replacing");
}

/// The store keeps snapshots of one id apart if their kinds differ, that is their topics, at equal versions and at
/// others: a reader sees one kind.
pub fn kinds_of_snapshots_are_kept_apart<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let kinds = [("Sum", [1, 2, 5]), ("Count", [2, 5, 6]), ("sum", [1, 3, 5]), ("Su", [4, 5, 9])];
    for (kind, numbers) in kinds {
        store.put_all(numbers.map(|number| under(id, number, kind)));
    }
    for (kind, numbers) in kinds {
        let expected = numbers.map(|number| under(id, number, kind));
        assert_eq!(store.all_snapshots_of(id, kind), expected, "the snapshots of `{kind}`");
        assert_eq!(store.versions_of(id, kind, EventRange::all()), numbers, "the versions of `{kind}`");
        let last = EventRange::all().descending().limit(1);
        assert_eq!(store.snapshots_of(id, kind, last), expected[2..], "the last snapshot of `{kind}`");
        assert_eq!(store.versions_of(id, kind, last), numbers[2..], "the last version of `{kind}`");
    }
    assert_eq!(store.all_snapshots_of(id, "Other"), [], "a kind of which there are none");
    assert_eq!(store.versions_of(id, "", EventRange::all()), [0; 0], "no kind is all kinds");
}

/// The store keeps the snapshots of ids apart, also of those that are nearly the same.
pub fn snapshots_of_ids_are_kept_apart<R: SnapshotRecorder>(store: &Store<R>) {
    let one = new_id().as_u128();
    let near = [one, one ^ 1, one ^ (1 << 127), one.swap_bytes(), 0, u128::MAX].map(Uuid::from_u128);
    for id in near {
        store.put_all(sequence(id, 1..=2));
    }
    for id in near {
        assert_eq!(store.all_snapshots(id), sequence(id, 1..=2), "the snapshots of {id}");
    }
}

/// A caller puts snapshots of any version, from 0 to the highest, in any order, and reads them in the order of
/// versions.
pub fn snapshots_are_of_any_version<R: SnapshotRecorder>(store: &Store<R>) {
    let (id, max) = (new_id(), Version::MAX.get());
    store.put_all(sequence(id, [7, max, 0, 1_000_000_000_000, 10, 9]));
    let order = [0, 7, 9, 10, 1_000_000_000_000, max];
    assert_eq!(store.all_snapshots(id), sequence(id, order));
    assert_eq!(store.versions(id, EventRange::all()), order);
    let backwards = store.snapshots(id, EventRange::all().descending());
    assert!(numbers(&backwards).iter().eq(order.iter().rev()), "in descending order: {backwards:?}");
}

/// The state of a snapshot holds any bytes, of any length from 0 to 1 MiB at least.
pub fn the_state_of_a_snapshot_is_any_bytes<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let large: Vec<u8> = all.iter().copied().cycle().take(1 << 20).collect();
    let states = [Vec::new(), vec![0], vec![0; 3], b"it's \"text\"; --".to_vec(), all, large];
    let made = |(number, state)| stored(id, number, TOPIC, state);
    let snapshots: Vec<_> = (1..).zip(states).map(made).collect();
    store.put_all(snapshots.clone());
    came_back(store, &snapshots);
}

/// The topic of a snapshot is any name, with quotes, in any script, long; the store takes similar topics for different
/// kinds.
pub fn the_topic_of_a_snapshot_is_any_name<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let made = |(number, topic)| stored(id, 1, topic, [number]);
    let snapshots: Vec<_> = (0_u8..).zip(topics()).map(made).collect();
    store.put_all(snapshots.clone());
    for snapshot in snapshots {
        came_back(store, &[snapshot]);
    }
}

#[track_caller]
fn came_back<R: SnapshotRecorder>(store: &Store<R>, snapshots: &[StoredEvent]) {
    let read =
        snapshots.first().map_or_else(Vec::new, |first| store.all_snapshots_of(first.id, &first.topic));
    assert_eq!(read.len(), snapshots.len(), "not every snapshot came back");
    for (read, put) in read.iter().zip(snapshots) {
        let bytes = put.state.len();
        assert!(read == put, "a snapshot came back changed: {:?}, {bytes} bytes", put.topic);
    }
}
