use super::StoredKey;
use crate::id::{CommitId, Mark, Position};
use crate::stored_event::StoredEvent;

/// Events that a recorder stores together or not at all.
#[derive(Clone, Debug)]
pub struct Commit {
    id: CommitId,
    is_once: bool,
    /// The number of events, from the first on, that must follow stored ones.
    gapless: usize,
    events: Vec<StoredEvent>,
    keys: Vec<StoredKey>,
}

impl Commit {
    /// Makes a commit under a new id.
    pub fn new(events: Vec<StoredEvent>) -> Self {
        Self::with_id(CommitId::new(), events)
    }

    /// Makes a commit under an id that the framework assigned: the same events again, or the first attempt.
    pub const fn with_id(id: CommitId, events: Vec<StoredEvent>) -> Self {
        Self { id, is_once: false, gapless: 0, events, keys: Vec::new() }
    }

    /// Makes a commit under an id that the caller chose. [`has_commit`](super::AggregateRecorder::has_commit) finds
    /// such a commit later.
    pub const fn once(id: CommitId, events: Vec<StoredEvent>) -> Self {
        Self { id, is_once: true, gapless: 0, events, keys: Vec::new() }
    }

    /// Adds the data keys that encrypt the events, one for each aggregate.
    #[must_use]
    pub fn with_keys(mut self, keys: Vec<StoredKey>) -> Self {
        self.keys = keys;
        self
    }

    /// Requires that the events follow stored ones. If the event before one of them is neither stored nor earlier in
    /// the commit, the commit is a [`Conflict`](crate::error::Conflict). Versions 0 and 1 follow nothing.
    ///
    /// So a recorder never stores events of an aggregate after others that a restored backup has lost.
    ///
    /// ```
    /// use es_runtime::recorder::{AggregateRecorder, Commit, MemoryRecorder, StoredEvent};
    /// use es_runtime::{ErrorKind, Version, Wait};
    ///
    /// let third = StoredEvent::new(uuid::Uuid::now_v7(), Version::from(3), "Account.Closed", b"{}".to_vec())?;
    /// let refused = MemoryRecorder::new().append(Commit::new(vec![third]).without_gaps()).wait();
    /// assert!(refused.is_err_and(|error| error.kind() == ErrorKind::Conflict));
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[must_use]
    pub const fn without_gaps(self) -> Self {
        let all = self.events.len();
        self.without_gaps_in_the_first(all)
    }

    /// Requires that the first `many` events follow stored ones; later ones may leave gaps.
    #[must_use]
    pub const fn without_gaps_in_the_first(mut self, many: usize) -> Self {
        self.gapless = many;
        self
    }

    /// Returns the id.
    pub const fn id(&self) -> CommitId {
        self.id
    }

    /// Returns whether the caller chose the id.
    pub const fn is_once(&self) -> bool {
        self.is_once
    }

    /// Returns the events that [follow](Self::without_gaps) stored ones.
    pub fn gapless(&self) -> &[StoredEvent] {
        self.events.get(..self.gapless).unwrap_or(&self.events)
    }

    /// Returns the events, in their order for the log.
    pub fn events(&self) -> &[StoredEvent] {
        &self.events
    }

    /// Returns the data keys of the aggregates.
    pub fn keys(&self) -> &[StoredKey] {
        &self.keys
    }

    /// Returns the number of bytes of all states.
    pub(super) fn state_bytes(&self) -> usize {
        self.events.iter().map(|event| event.state.len()).sum()
    }

    /// Takes the commit apart.
    pub fn into_parts(self) -> CommitParts {
        let Self { id, is_once, gapless, events, keys } = self;
        CommitParts { id, is_once, gapless, events, keys }
    }
}

/// The parts of a [`Commit`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CommitParts {
    /// The id.
    pub id: CommitId,
    /// True if the caller chose the id.
    pub is_once: bool,
    /// The number of events, from the first on, that must follow stored ones.
    pub gapless: usize,
    /// The events, in their order for the log.
    pub events: Vec<StoredEvent>,
    /// The data keys of the aggregates.
    pub keys: Vec<StoredKey>,
}

/// The proof that a commit is stored, with its positions.
///
/// Two receipts are equal if they name the same commit and the same positions, even if only one is repeated.
#[derive(Clone, Debug)]
pub struct Receipt {
    commit: CommitId,
    positions: Option<(Position, Position)>,
    repeated: bool,
    /// True if an earlier attempt of the same call may have stored the commit.
    is_maybe_own: bool,
}

impl PartialEq for Receipt {
    fn eq(&self, other: &Self) -> bool {
        (self.commit, self.positions) == (other.commit, other.positions)
    }
}

impl Eq for Receipt {}

impl Receipt {
    /// Makes a receipt without positions, for a recorder that assigns none, or assigns them later.
    pub const fn new(commit: CommitId) -> Self {
        Self { commit, positions: None, repeated: false, is_maybe_own: false }
    }

    /// Makes a receipt with the positions of the first and the last event.
    pub const fn at(commit: CommitId, first: Position, last: Position) -> Self {
        Self { commit, positions: Some((first, last)), repeated: false, is_maybe_own: false }
    }

    /// Marks the receipt as one of a commit that was stored before this call.
    #[must_use]
    pub const fn as_repeated(mut self) -> Self {
        self.repeated = true;
        self
    }

    /// Returns whether the commit was stored before this call: by an earlier attempt, or by another caller under the same
    /// commit id.
    pub const fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// Marks the receipt as one of a commit that an earlier attempt of the same call may have stored.
    #[cfg(feature = "postgres")]
    pub(crate) const fn maybe_own(mut self) -> Self {
        self.is_maybe_own = true;
        self
    }

    /// Returns whether an earlier attempt of the same call may have stored the commit.
    pub(crate) const fn is_maybe_own(&self) -> bool {
        self.is_maybe_own
    }

    /// Returns the commit.
    pub const fn commit(&self) -> CommitId {
        self.commit
    }

    /// Returns the position of the last event, if it is known and the commit has events.
    pub fn last(&self) -> Option<Position> {
        self.positions.map(|(_, last)| last)
    }

    /// Returns the place of the last event, if it is known and the commit has events.
    pub fn mark(&self) -> Option<Mark> {
        self.last().map(|last| Mark::new(last, self.commit))
    }

    /// Returns the positions of the first and the last event, if they are known and the commit has events.
    pub const fn positions(&self) -> Option<(Position, Position)> {
        self.positions
    }
}
