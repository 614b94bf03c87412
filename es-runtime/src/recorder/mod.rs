//! Recorders: what keeps events, at three levels of promises.
//!
//! An [`AggregateRecorder`] keeps the events of aggregates, each sequence for itself. An [`ApplicationRecorder`]
//! also gives all of them one order, the log. A [`ProcessRecorder`] also records, in one transaction with new
//! events, how far another application's log was processed. A store implements the level whose promises it can
//! keep, and the [conformance suite](crate::testing::conformance) shows that it does. A [`SnapshotRecorder`] keeps
//! what can be made again from events.
//!
//! Every method returns a future that needs no particular runtime. A recorder holds no connection and no lock
//! while its future is suspended.

#[cfg_attr(not(test), expect(dead_code, reason = "the stores do not ring it yet"))]
mod bell;
mod commit;
mod erased;
#[cfg(feature = "sqlite")]
mod group;
mod memory;
mod range;
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::future::Future;

use uuid::Uuid;

pub use self::commit::{Commit, Position, Receipt, StoredKey};
pub(crate) use self::erased::Boxed;
pub use self::erased::{
    DynAggregateRecorder, DynApplicationRecorder, DynProcessRecorder, DynSnapshotRecorder,
};
pub use self::memory::{MemoryRecorder, MemorySnapshots};
pub use self::range::{EventRange, LogRange};
pub use self::sql::{ColumnType, EventTable, Identifier, Tables};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{Sqlite, SqliteOptions, SqliteRecorder, SqliteSnapshots, Synchronous};
use crate::error::Error;
pub use crate::id::CommitId;
use crate::id::Version;
use crate::stored_event::StoredEvent;

/// Keeps sequences of events, each under the id of its aggregate.
pub trait AggregateRecorder: Send + Sync + 'static {
    /// Stores all events of the commit, or none.
    ///
    /// - An event whose id and version are stored already is a [`Conflict`](crate::error::Conflict), unless all
    ///   events of the commit are stored under its commit id: then it was done before, and the first receipt is
    ///   returned again, [as a repeated one](Receipt::as_repeated).
    /// - Versions may begin anywhere from 0 to [`Version::MAX`](crate::Version::MAX), and may have gaps.
    /// - What is acknowledged stays, whatever happens to the process afterwards.
    /// - A commit without events stores nothing but its keys.
    /// - A [data key](Commit::with_keys) is stored with the events, unless its aggregate has this one already;
    ///   another one is a [`Conflict`](crate::error::Conflict). Events of an aggregate that has a key, without it, are
    ///   refused as [`Config`](crate::ErrorKind::Config), unless they are stored under the commit id.
    /// - Events of an aggregate that is [forgotten](Self::forget) are refused as
    ///   [`Forgotten`](crate::ErrorKind::Forgotten), unless they are stored under the commit id.
    fn append(&self, commit: Commit) -> impl Future<Output = Result<Receipt, Error>> + Send;

    /// Reads events of one sequence, in the order of their versions.
    fn select(
        &self,
        id: Uuid,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, Error>> + Send;

    /// Whether an event of this sequence is stored under that commit id. It may cost as much as reading the sequence.
    fn has_commit(&self, id: Uuid, commit: CommitId) -> impl Future<Output = Result<bool, Error>> + Send;

    /// The data keys of these aggregates, in any order; those without one are left out.
    fn select_keys(&self, ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send;

    /// Stores the data key of an aggregate in another form, as when the key changed that it is encrypted with: if `old` is
    /// still the stored form. Tells whether it was. What is forgotten stays so.
    fn replace_key(&self, old: StoredKey, new: StoredKey)
    -> impl Future<Output = Result<bool, Error>> + Send;

    /// Destroys the data key of an aggregate, so that nobody can ever read again what was encrypted with it.
    ///
    /// - The events stay, and with them ids, versions, topics and positions; their [columns](StoredEvent::columns) of
    ///   your own are emptied.
    /// - No event of the aggregate is stored afterwards, whether it had a key or not.
    /// - Done again, it changes nothing.
    fn forget(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Keeps snapshots, each at the id of its aggregate, the topic, which is the kind of its state, and the version.
pub trait SnapshotRecorder: Send + Sync + 'static {
    /// Keeps a snapshot; one of the same id, topic and version is replaced.
    fn put(&self, snapshot: StoredEvent) -> impl Future<Output = Result<(), Error>> + Send;

    /// Reads snapshots of one kind of one aggregate, in the order of their versions.
    fn select(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, Error>> + Send;

    /// The versions of the snapshots that [`select`](Self::select) would read, without reading them.
    fn versions(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<Vec<Version>, Error>> + Send;

    /// Removes the snapshots that [`select`](Self::select) would read.
    fn delete(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes all snapshots of an aggregate, of whatever kind: it is forgotten.
    fn clear(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Keeps events in one order, the log.
pub trait ApplicationRecorder: AggregateRecorder {
    /// Reads events in the order of the log.
    ///
    /// - Positions grow; a gap may remain where nothing was stored, and a position is never used twice.
    /// - Events of one commit stand together, in their order; those of an aggregate in the order of their versions.
    /// - A reader that has seen a position never misses a lower one that appears later.
    fn select_log(&self, range: LogRange) -> impl Future<Output = Result<Vec<Notification>, Error>> + Send;

    /// The position of the last event; nothing if there is none.
    fn last_position(&self) -> impl Future<Output = Result<Option<Position>, Error>> + Send;

    /// The position of the last event of a commit; nothing if it had no events.
    ///
    /// Known at once where positions come with the commit: [`Receipt::last`] is then the answer. Elsewhere it is
    /// waited for.
    fn resolve(&self, receipt: &Receipt) -> impl Future<Output = Result<Option<Position>, Error>> + Send;
}

/// Keeps, with the events, how far the log of an upstream application was processed.
pub trait ProcessRecorder: ApplicationRecorder {
    /// Stores the commit and the tracking, or neither.
    ///
    /// A tracking that is not beyond the one recorded is a [`Conflict`](crate::error::Conflict), unless all events
    /// of the commit are stored under its commit id and there are any.
    fn append_tracked(
        &self,
        commit: Commit,
        tracking: Tracking,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send;

    /// The last position of the upstream application that is recorded; nothing if there is none.
    fn last_tracked(&self, upstream: &str) -> impl Future<Output = Result<Option<Position>, Error>> + Send;
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    /// Its place.
    pub position: Position,
    /// The event.
    pub event: StoredEvent,
}

impl Notification {
    /// An event at a position.
    pub const fn new(position: Position, event: StoredEvent) -> Self {
        Self { position, event }
    }
}

/// How far the log of an upstream application was processed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tracking {
    /// The upstream application's name.
    pub upstream: String,
    /// The position of the last of its events that was processed, or passed over.
    pub position: Position,
}

impl Tracking {
    /// Processed up to `position`.
    pub fn new(upstream: impl Into<String>, position: Position) -> Self {
        Self { upstream: upstream.into(), position }
    }
}
