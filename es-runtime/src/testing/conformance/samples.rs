//! The samples that rules store.

use uuid::Uuid;

use crate::id::{DataKeyId, Name, Slices, Version};
use crate::recorder::{Commit, CommitId, Cursor, Mark, Position, Step, StoredKey};
use crate::stored_event::StoredEvent;

/// The topic of most events and snapshots.
pub(super) const TOPIC: &str = "Topic";

/// The topic of notices of forgetting.
pub(super) const FORGOTTEN: &str = "Topic.Forgotten";

/// Makes an event that differs from those at other versions.
pub(super) fn event(id: Uuid, number: u64) -> StoredEvent {
    under(id, number, TOPIC)
}

/// Makes a snapshot that differs from others at its version.
pub(super) fn saying(id: Uuid, number: u64, text: &str) -> StoredEvent {
    stored(id, number, TOPIC, text)
}

#[track_caller]
pub(super) fn under(id: Uuid, number: u64, topic: impl Into<String>) -> StoredEvent {
    let topic = topic.into();
    let state = format!("{topic} {number} of {id}");
    stored(id, number, topic, state)
}

#[track_caller]
pub(super) fn stored(
    id: Uuid,
    number: u64,
    topic: impl Into<String>,
    state: impl Into<Vec<u8>>,
) -> StoredEvent {
    StoredEvent::of(id, version(number), name(topic), state.into())
}

/// Makes the notice that an aggregate is forgotten.
pub(super) fn notice(id: Uuid, number: u64) -> StoredEvent {
    under(id, number, FORGOTTEN)
}

/// Makes a commit of such a notice.
pub(super) fn notice_of(id: Uuid, number: u64) -> Commit {
    Commit::new(vec![notice(id, number)])
}

/// Makes events of the versions of a range.
pub(super) fn sequence(id: Uuid, numbers: impl IntoIterator<Item = u64>) -> Vec<StoredEvent> {
    numbers.into_iter().map(|number| event(id, number)).collect()
}

/// Makes a data key that differs from all others, also in its id.
pub(super) fn key(id: Uuid, text: &str) -> StoredKey {
    form(id, text, "first form")
}

/// Makes a data key in one of the forms that a store may hold.
pub(super) fn form(id: Uuid, text: &str, form: &str) -> StoredKey {
    StoredKey::new(id, key_id(text), format!("{text} of {id}, {form}").into_bytes())
}

/// Makes the id of a data key.
pub(super) fn key_id(text: &str) -> DataKeyId {
    let (id, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).as_u64_pair();
    DataKeyId::from_bytes(id.to_be_bytes())
}

/// Makes a commit of events under a new id, with their data keys.
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
pub(super) fn name(text: impl Into<String>) -> Name {
    Name::new(text.into()).unwrap_or_else(|error| panic!("{error}"))
}

/// Makes the mark of this number in an upstream log.
#[track_caller]
pub(super) fn mark(number: u64) -> Mark {
    Mark::new(position(number), CommitId::from_uuid(Uuid::from_u128(number.into())))
}

/// Returns the reader of most rules, in the log of an application.
#[track_caller]
pub(super) fn cursor(upstream: impl Into<String>) -> Cursor {
    Cursor { consumer: name("reader"), upstream: name(upstream), slices: Slices::ALL }
}

/// Makes a step between the marks of these numbers.
#[track_caller]
pub(super) fn step(cursor: &Cursor, from: impl Into<Option<u64>>, to: u64) -> Step {
    Step::new(cursor.clone(), from.into().map(mark), mark(to)).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn numbers(events: &[StoredEvent]) -> Vec<u64> {
    events.iter().map(|event| event.version.get()).collect()
}
