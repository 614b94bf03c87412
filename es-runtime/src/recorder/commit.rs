use std::fmt;
use std::num::NonZeroU64;

use uuid::Uuid;

use crate::id::CommitId;
use crate::stored_event::StoredEvent;

/// Events that are stored together or not at all.
#[derive(Clone, Debug)]
pub struct Commit {
    id: CommitId,
    events: Vec<StoredEvent>,
    keys: Vec<StoredKey>,
}

impl Commit {
    /// A commit under a new id.
    pub fn new(events: Vec<StoredEvent>) -> Self {
        Self::with_id(CommitId::new(), events)
    }

    /// A commit under an id that was given before: the same events again, or the first attempt.
    pub const fn with_id(id: CommitId, events: Vec<StoredEvent>) -> Self {
        Self { id, events, keys: Vec::new() }
    }

    /// With the data keys that the events are encrypted with, one for each aggregate.
    #[must_use]
    pub fn with_keys(mut self, keys: Vec<StoredKey>) -> Self {
        self.keys = keys;
        self
    }

    /// The id.
    pub const fn id(&self) -> CommitId {
        self.id
    }

    /// The events, in the order in which they are to stand in the log.
    pub fn events(&self) -> &[StoredEvent] {
        &self.events
    }

    /// The data keys of the aggregates.
    pub fn keys(&self) -> &[StoredKey] {
        &self.keys
    }

    /// Id, events and data keys, given away.
    pub fn into_parts(self) -> (CommitId, Vec<StoredEvent>, Vec<StoredKey>) {
        (self.id, self.events, self.keys)
    }
}

/// The key that the data of one aggregate are encrypted with, as it is stored: itself encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    id: Uuid,
    wrapped: Option<Vec<u8>>,
}

impl StoredKey {
    /// The key of an aggregate, encrypted.
    pub const fn new(id: Uuid, wrapped: Vec<u8>) -> Self {
        Self { id, wrapped: Some(wrapped) }
    }

    /// What is left of the key of an aggregate that is forgotten.
    pub const fn forgotten(id: Uuid) -> Self {
        Self { id, wrapped: None }
    }

    /// The aggregate.
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// The key, encrypted; nothing if the aggregate is forgotten.
    pub fn wrapped(&self) -> Option<&[u8]> {
        self.wrapped.as_deref()
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("id", &self.id)
            .field("is_forgotten", &self.wrapped.is_none())
            .finish_non_exhaustive()
    }
}

/// The place of an event in the order of all events of an application; the first is 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(NonZeroU64);

impl Position {
    /// The first position.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The position with that number; nothing for 0 and above what every store can hold.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(position) if number <= i64::MAX.unsigned_abs() => Some(Self(position)),
            _ => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({})", self.0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl PartialEq<u64> for Position {
    fn eq(&self, other: &u64) -> bool {
        self.get() == *other
    }
}

/// That a commit is stored, and where.
///
/// Two receipts are equal if they name the same commit and the same positions, whoever asked for it first.
#[derive(Clone, Debug)]
pub struct Receipt {
    commit: CommitId,
    positions: Option<(Position, Position)>,
    repeated: bool,
}

impl PartialEq for Receipt {
    fn eq(&self, other: &Self) -> bool {
        (self.commit, self.positions) == (other.commit, other.positions)
    }
}

impl Eq for Receipt {}

impl Receipt {
    /// For a recorder that gives its events no positions, or gives them later.
    pub const fn new(commit: CommitId) -> Self {
        Self { commit, positions: None, repeated: false }
    }

    /// With the positions of its first and its last event.
    pub const fn at(commit: CommitId, first: Position, last: Position) -> Self {
        Self { commit, positions: Some((first, last)), repeated: false }
    }

    /// The same, of a commit that was stored before it was asked for now.
    #[must_use]
    pub const fn as_repeated(mut self) -> Self {
        self.repeated = true;
        self
    }

    /// Whether the commit was stored before it was asked for now: by an earlier attempt, or by somebody else under the same
    /// commit id.
    pub const fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// The commit.
    pub const fn commit(&self) -> CommitId {
        self.commit
    }

    /// The position of its last event, if it is known and there is one.
    pub fn last(&self) -> Option<Position> {
        self.positions.map(|(_, last)| last)
    }

    /// The positions of its first and its last event, if they are known and there are any.
    pub const fn positions(&self) -> Option<(Position, Position)> {
        self.positions
    }
}
