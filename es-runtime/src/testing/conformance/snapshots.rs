//! A snapshot comes back as it was put last.

use uuid::Uuid;

use super::events::topics;
use super::store::{Store, event, new_id, numbers, sequence, under, version};
use crate::id::Version;
use crate::recorder::{EventRange, SnapshotRecorder};
use crate::stored_event::StoredEvent;

/// An unknown id has no snapshots, in any range; that is no error.
pub fn an_unknown_id_has_no_snapshots<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put(event(new_id(), 1));
    for range in
        [EventRange::all(), EventRange::all().descending().limit(1), EventRange::all().gt(version(7))]
    {
        assert_eq!(store.snapshots(id, range), [], "an id without snapshots has some in {range:?}");
        assert_eq!(store.versions(id, range), [0; 0], "an id without snapshots has versions in {range:?}");
    }
}

/// A snapshot comes back with the id, version, topic and state that it was put with.
pub fn a_snapshot_comes_back_as_it_was_put<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let snapshots = [
        StoredEvent::new(id, version(1), "topic1", b"state1".to_vec()),
        StoredEvent::new(id, version(100), "topic2", b"state2".to_vec()),
    ];
    store.put_all(snapshots.clone());
    assert_eq!(store.all_snapshots(id), snapshots);
}

/// A snapshot of a version that has one replaces it: the topic and the state.
pub fn a_snapshot_put_again_is_replaced<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    store.put_all([under(id, 1, "One"), under(id, 2, "One"), under(id, 3, "One")]);
    for topic in ["Other", "Other", "One", "Third"] {
        store.put(under(id, 2, topic));
        let expected = [under(id, 1, "One"), under(id, 2, topic), under(id, 3, "One")];
        assert_eq!(store.all_snapshots(id), expected, "after a snapshot of version 2 was put again");
    }
    let shorter = StoredEvent::new(id, version(2), "Third", Vec::new());
    store.put(shorter.clone());
    assert_eq!(store.all_snapshots(id)[1], shorter, "a state that is shorter than the one before");
    assert_eq!(store.versions(id, EventRange::all()), [1, 2, 3], "the versions after replacing");
}

/// The snapshots of ids are kept apart, also of those that are nearly the same.
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

/// Versions are any, from 0 to the highest, put in any order, and read in theirs.
pub fn snapshots_are_of_any_version<R: SnapshotRecorder>(store: &Store<R>) {
    let (id, max) = (new_id(), Version::MAX.get());
    store.put_all(sequence(id, [7, max, 0, 1_000_000_000_000, 10, 9]));
    let order = [0, 7, 9, 10, 1_000_000_000_000, max];
    assert_eq!(store.all_snapshots(id), sequence(id, order));
    assert_eq!(store.versions(id, EventRange::all()), order);
    let backwards = store.snapshots(id, EventRange::all().descending());
    assert!(numbers(&backwards).iter().eq(order.iter().rev()), "in descending order: {backwards:?}");
}

/// The state of a snapshot is any bytes, of any length from 0 to 1 MiB at least.
pub fn the_state_of_a_snapshot_is_any_bytes<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let large: Vec<u8> = all.iter().copied().cycle().take(1 << 20).collect();
    let states = [Vec::new(), vec![0], vec![0; 3], b"it's \"text\"; --".to_vec(), all, large];
    let made = |(number, state)| StoredEvent::new(id, version(number), "Topic", state);
    come_back(store, &(1..).zip(states).map(made).collect::<Vec<_>>());
}

/// The topic of a snapshot is any text: with quotes, of any script, empty, very long.
pub fn the_topic_of_a_snapshot_is_any_text<R: SnapshotRecorder>(store: &Store<R>) {
    let id = new_id();
    let made = |(number, topic)| StoredEvent::new(id, version(number), topic, b"state".to_vec());
    come_back(store, &(1..).zip(topics()).map(made).collect::<Vec<_>>());
}

#[track_caller]
fn come_back<R: SnapshotRecorder>(store: &Store<R>, snapshots: &[StoredEvent]) {
    store.put_all(snapshots.to_vec());
    let read = snapshots.first().map_or_else(Vec::new, |first| store.all_snapshots(first.id));
    assert_eq!(read.len(), snapshots.len(), "not every snapshot came back");
    for (read, put) in read.iter().zip(snapshots) {
        let bytes = put.state.len();
        assert!(read == put, "a snapshot came back changed: {:.80?}, {bytes} bytes", put.topic);
    }
}
