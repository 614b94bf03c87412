use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use super::way::Way;
use crate::error::{Conflict, Error, ErrorKind};
use crate::id::Version;
use crate::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, EventRange, LogRange, Notification, Position,
    ProcessRecorder, Receipt, SnapshotRecorder, StoredKey, Tracking,
};
use crate::stored_event::StoredEvent;

/// A recorder under test, and how its futures are driven. It is shared by the threads of a rule.
#[derive(Debug)]
pub struct Store<R> {
    recorder: R,
    way: Way,
}

impl<R> Store<R> {
    /// An empty recorder, to be used by one rule.
    pub const fn new(recorder: R, way: Way) -> Self {
        Self { recorder, way }
    }

    /// The recorder.
    pub const fn recorder(&self) -> &R {
        &self.recorder
    }

    /// The recorder, given away.
    pub fn into_recorder(self) -> R {
        self.recorder
    }

    /// How futures are driven.
    pub const fn way(&self) -> Way {
        self.way
    }
}

impl<R: AggregateRecorder> Store<R> {
    pub(super) fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.way.run(self.recorder.append(commit))
    }

    /// Stores a commit that must be accepted.
    #[track_caller]
    pub(super) fn store(&self, commit: &Commit) -> Receipt {
        let receipt = accepted(self.append(commit.clone()), "a commit that nothing stands against");
        assert_eq!(receipt.commit(), commit.id(), "the receipt of a commit names another one");
        receipt
    }

    /// Stores events under a new commit id.
    #[track_caller]
    pub(super) fn save(&self, events: impl Into<Vec<StoredEvent>>) -> Receipt {
        self.store(&Commit::new(events.into()))
    }

    #[track_caller]
    pub(super) fn select(&self, id: Uuid, range: EventRange) -> Vec<StoredEvent> {
        accepted(self.way.run(self.recorder.select(id, range)), "reading a sequence")
    }

    /// All events of a sequence.
    #[track_caller]
    pub(super) fn all(&self, id: Uuid) -> Vec<StoredEvent> {
        self.select(id, EventRange::all())
    }

    /// Saves what must be refused with a conflict.
    #[track_caller]
    pub(super) fn refuse(&self, events: impl Into<Vec<StoredEvent>>) -> Conflict {
        refused(self.append(Commit::new(events.into())))
    }

    #[track_caller]
    pub(super) fn has_commit(&self, id: Uuid, commit: CommitId) -> bool {
        accepted(self.way.run(self.recorder.has_commit(id, commit)), "looking for a commit")
    }

    #[track_caller]
    pub(super) fn keys(&self, ids: impl Into<Vec<Uuid>>) -> Vec<StoredKey> {
        accepted(self.way.run(self.recorder.select_keys(ids.into())), "reading data keys")
    }

    /// The data key of one aggregate, or what is left of it.
    #[track_caller]
    pub(super) fn key(&self, id: Uuid) -> Option<StoredKey> {
        let mut keys = self.keys([id]);
        assert!(keys.len() < 2, "one aggregate has {} data keys", keys.len());
        let key = keys.pop();
        assert!(key.iter().all(|key| key.id() == id), "the data key of another aggregate was read");
        key
    }

    #[track_caller]
    pub(super) fn replace(&self, old: StoredKey, new: StoredKey) -> bool {
        accepted(self.way.run(self.recorder.replace_key(old, new)), "replacing a data key")
    }

    #[track_caller]
    pub(super) fn forget(&self, id: Uuid) {
        accepted(self.way.run(self.recorder.forget(id)), "forgetting");
    }

    /// Saves what must be refused because an aggregate is forgotten.
    #[track_caller]
    pub(super) fn refuse_forgotten(&self, commit: Commit) {
        match self.append(commit) {
            Ok(receipt) => panic!("an event of a forgotten aggregate was accepted: {receipt:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Forgotten, "it is reported as another kind: {error}");
            }
        }
    }
}

impl<R: SnapshotRecorder> Store<R> {
    #[track_caller]
    pub(super) fn put(&self, snapshot: StoredEvent) {
        accepted(self.way.run(self.recorder.put(snapshot)), "putting a snapshot");
    }

    #[track_caller]
    pub(super) fn put_all(&self, snapshots: impl IntoIterator<Item = StoredEvent>) {
        for snapshot in snapshots {
            self.put(snapshot);
        }
    }

    /// Snapshots of the kind that most rules put.
    #[track_caller]
    pub(super) fn snapshots(&self, id: Uuid, range: EventRange) -> Vec<StoredEvent> {
        self.snapshots_of(id, TOPIC, range)
    }

    #[track_caller]
    pub(super) fn snapshots_of(&self, id: Uuid, topic: &str, range: EventRange) -> Vec<StoredEvent> {
        accepted(self.way.run(self.recorder.select(id, topic, range)), "reading snapshots")
    }

    /// All snapshots of that kind.
    #[track_caller]
    pub(super) fn all_snapshots(&self, id: Uuid) -> Vec<StoredEvent> {
        self.snapshots(id, EventRange::all())
    }

    #[track_caller]
    pub(super) fn all_snapshots_of(&self, id: Uuid, topic: &str) -> Vec<StoredEvent> {
        self.snapshots_of(id, topic, EventRange::all())
    }

    /// The numbers of the versions of snapshots of that kind.
    #[track_caller]
    pub(super) fn versions(&self, id: Uuid, range: EventRange) -> Vec<u64> {
        self.versions_of(id, TOPIC, range)
    }

    #[track_caller]
    pub(super) fn versions_of(&self, id: Uuid, topic: &str, range: EventRange) -> Vec<u64> {
        let found = accepted(self.way.run(self.recorder.versions(id, topic, range)), "reading versions");
        found.into_iter().map(Version::get).collect()
    }

    #[track_caller]
    pub(super) fn delete(&self, id: Uuid, range: EventRange) {
        self.delete_of(id, TOPIC, range);
    }

    #[track_caller]
    pub(super) fn delete_of(&self, id: Uuid, topic: &str, range: EventRange) {
        accepted(self.way.run(self.recorder.delete(id, topic, range)), "removing snapshots");
    }

    #[track_caller]
    pub(super) fn clear(&self, id: Uuid) {
        accepted(self.way.run(self.recorder.clear(id)), "removing all snapshots of an aggregate");
    }
}

impl<R: ApplicationRecorder> Store<R> {
    #[track_caller]
    pub(super) fn log(&self, range: LogRange) -> Vec<Notification> {
        accepted(self.way.run(self.recorder.select_log(range)), "reading the log")
    }

    #[track_caller]
    pub(super) fn whole_log(&self) -> Vec<Notification> {
        self.log(LogRange::all())
    }

    #[track_caller]
    pub(super) fn last_position(&self) -> Option<Position> {
        accepted(self.way.run(self.recorder.last_position()), "reading the last position")
    }

    /// Saves, and tells the position of the last event.
    #[track_caller]
    pub(super) fn save_at(&self, events: impl Into<Vec<StoredEvent>>) -> Position {
        let receipt = self.save(events);
        let position = accepted(self.way.run(self.recorder.resolve(&receipt)), "resolving a receipt");
        position.unwrap_or_else(|| panic!("a commit with events resolves to no position: {receipt:?}"))
    }
}

impl<R: ProcessRecorder> Store<R> {
    pub(super) fn append_tracked(&self, commit: Commit, tracking: Tracking) -> Result<Receipt, Error> {
        self.way.run(self.recorder.append_tracked(commit, tracking))
    }

    /// Stores events with a tracking that must be accepted.
    #[track_caller]
    pub(super) fn track(
        &self,
        events: impl Into<Vec<StoredEvent>>,
        upstream: &str,
        position: u64,
    ) -> Receipt {
        let appended = self.append_tracked(Commit::new(events.into()), tracking(upstream, position));
        accepted(appended, "a tracking that nothing stands against")
    }

    /// Stores events with a tracking, one of which must be refused with a conflict.
    #[track_caller]
    pub(super) fn refuse_tracked(
        &self,
        events: impl Into<Vec<StoredEvent>>,
        upstream: &str,
        position: u64,
    ) -> Conflict {
        refused(self.append_tracked(Commit::new(events.into()), tracking(upstream, position)))
    }

    /// The number of the last position that is tracked.
    #[track_caller]
    pub(super) fn tracked(&self, upstream: &str) -> Option<u64> {
        let found = accepted(self.way.run(self.recorder.last_tracked(upstream)), "reading the tracking");
        found.map(Position::get)
    }
}

/// The answer to what must be accepted.
#[track_caller]
pub(super) fn accepted<T>(answer: Result<T, Error>, what: &str) -> T {
    answer.unwrap_or_else(|error| panic!("{what} was refused as {:?}: {error}", error.kind()))
}

/// The conflict of what must be refused with one.
#[track_caller]
pub(super) fn refused(answer: Result<Receipt, Error>) -> Conflict {
    match answer {
        Ok(receipt) => panic!("what conflicts with stored events was accepted: {receipt:?}"),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Conflict, "a conflict is reported as another kind: {error}");
            let conflict = error.as_conflict().cloned();
            conflict.unwrap_or_else(|| panic!("a conflict does not say which: {error}"))
        }
    }
}

/// What most events and snapshots are stored under.
pub(super) const TOPIC: &str = "Topic";

/// An event that differs from those at other places.
pub(super) fn event(id: Uuid, number: u64) -> StoredEvent {
    under(id, number, TOPIC)
}

/// A snapshot that differs from others at its place.
pub(super) fn saying(id: Uuid, number: u64, text: &str) -> StoredEvent {
    StoredEvent::new(id, version(number), TOPIC, text.as_bytes().to_vec())
}

pub(super) fn under(id: Uuid, number: u64, topic: impl Into<String>) -> StoredEvent {
    let topic = topic.into();
    let state = format!("{topic} {number} of {id}").into_bytes();
    StoredEvent::new(id, version(number), topic, state)
}

/// Events of the versions of a range.
pub(super) fn sequence(id: Uuid, numbers: impl IntoIterator<Item = u64>) -> Vec<StoredEvent> {
    numbers.into_iter().map(|number| event(id, number)).collect()
}

/// A data key that differs from those of others.
pub(super) fn key(id: Uuid, text: &str) -> StoredKey {
    StoredKey::new(id, format!("{text} of {id}").into_bytes())
}

/// Events under a new commit id, with their data keys.
pub(super) fn with_keys(events: impl Into<Vec<StoredEvent>>, keys: impl Into<Vec<StoredKey>>) -> Commit {
    Commit::new(events.into()).with_keys(keys.into())
}

pub(super) fn new_id() -> Uuid {
    Uuid::now_v7()
}

#[track_caller]
pub(super) fn version(number: u64) -> Version {
    Version::new(number).unwrap_or_else(|| panic!("{number} is no version"))
}

#[track_caller]
pub(super) fn position(number: u64) -> Position {
    Position::new(number).unwrap_or_else(|| panic!("{number} is no position"))
}

#[track_caller]
pub(super) fn tracking(upstream: &str, number: u64) -> Tracking {
    Tracking::new(upstream, position(number))
}

pub(super) fn numbers(events: &[StoredEvent]) -> Vec<u64> {
    events.iter().map(|event| event.version.get()).collect()
}

/// Tells the threads of a rule to end, also if the rule fails.
pub(super) struct SetAtEnd<'a>(pub(super) &'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
