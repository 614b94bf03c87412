//! Recorders store events; each trait adds promises.
//!
//! | trait | a recorder that has it stores |
//! |---|---|
//! | [`AggregateRecorder`] | the events of aggregates, each sequence for itself |
//! | [`KeyRecorder`] | the data keys of aggregates too, and destroys them |
//! | [`ApplicationRecorder`] | all events in one order too, the log |
//! | [`TrackingRecorder`] | the places that readers of logs have reached |
//! | [`ProcessRecorder`] | new events and the step of the reader that produced them, in one transaction |
//! | [`SnapshotRecorder`] | snapshots, which can be made again from events |
//!
//! A store implements the traits whose promises it can keep, and the
//! [conformance suite](crate::testing::conformance) shows that it does. A method that joins a trait later has a body,
//! or stands in a trait of its own: a recorder that is written today compiles tomorrow.
//!
//! Every method returns a future that needs no particular runtime. **Progress never depends on a caller that does not
//! poll again**: a future that is only kept holds no lock, no connection and no lead that another caller waits for.

mod bell;
mod keys;
mod commit;
mod limits;
mod page;
mod range;
mod tracking;
mod erased;
#[cfg(feature = "sqlite")]
mod group;
mod sql;
mod scheme;
mod verdict;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod uri;

use std::future::Future;

use uuid::Uuid;

pub use self::commit::{Commit, CommitParts, Receipt};
pub(crate) use self::erased::Boxed;
pub use self::erased::{
    DynAggregateRecorder, DynApplicationRecorder, DynKeyRecorder, DynProcessRecorder, DynSnapshotRecorder,
    DynTrackingRecorder,
};
pub use self::keys::{Remains, StoredKey};
pub use self::limits::Limits;
pub use self::memory::{MemoryRecorder, MemorySnapshots};
pub use self::page::{EventPage, LogPage, Notification};
pub use self::range::{EventRange, LogRange};
pub(crate) use self::scheme::{Opened, Opening};
pub use self::sql::{ColumnType, EventTable, Identifier, Tables};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{Sqlite, SqliteOptions, SqliteRecorder, SqliteSnapshots, Synchronous};
pub use self::tracking::{Cursor, Step};
pub(crate) use self::uri::{open, open_file};
use crate::error::Error;
use crate::id::Version;
pub use crate::id::{CommitId, Mark, Position};
pub use crate::stored_event::{ColumnValue, Columns, StoredEvent};

/// Keeps sequences of events, each under the id of its aggregate.
pub trait AggregateRecorder: Send + Sync + 'static {
    /// Stores all events of the commit, or none.
    ///
    /// - An event whose id and version are taken is a [`Conflict`](crate::error::Conflict), unless every event of the
    ///   commit is stored under its commit id and topic: then the commit was done before, and the receipt names the
    ///   places of its events, [as a repeated one](Receipt::as_repeated).
    /// - An event that does not follow a stored one is a `Conflict` too, in a commit [without gaps](Commit::without_gaps).
    /// - Versions of others begin anywhere from 0 to [`Version::MAX`](crate::Version::MAX), and have gaps, unless the
    ///   [limits](Self::limits) say otherwise.
    /// - An acknowledged commit stays, whatever happens to the process afterwards.
    /// - An error says that nothing is stored and nothing will be, except for
    ///   [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): it is the only answer while the commit may be stored.
    /// - A commit without events stores nothing but its keys.
    /// - A commit beyond a limit is refused whole, as [`Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// A recorder that is no [`KeyRecorder`] refuses a commit with data keys, as `Unsupported`. A `KeyRecorder` stores
    /// them with the events:
    ///
    /// - If the aggregate has a data key, the commit must bring one with the same [id](StoredKey::key): another is a
    ///   [`Conflict`](crate::error::Conflict), none is [`Config`](crate::ErrorKind::Config). The stored form stays.
    /// - Events of a [forgotten](KeyRecorder::forget) aggregate are refused, as
    ///   [`Forgotten`](crate::ErrorKind::Forgotten).
    ///
    /// The first of several reasons to refuse counts: a limit; a step that begins elsewhere; an event of a forgotten
    /// aggregate, or without its key; a key; a version. A commit that was done before is refused only for a limit.
    fn append(&self, commit: Commit) -> impl Future<Output = Result<Receipt, Error>> + Send;

    /// Reads events of one sequence, in the order of their versions, as far as the range and its limits go.
    fn select(&self, id: Uuid, range: EventRange) -> impl Future<Output = Result<EventPage, Error>> + Send;

    /// Returns whether an event of this sequence is stored under a commit id that a caller [chose](Commit::once).
    ///
    /// The store does not find ids that the framework gave: it does not index them.
    fn has_commit(&self, id: Uuid, commit: CommitId) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Returns the bounds that the store sets to a commit; none unless it says so.
    fn limits(&self) -> Limits {
        Limits::NONE
    }

    /// Returns this recorder as one that keeps data keys, if it is one: a [`KeyRecorder`] returns `Some(self)`.
    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        None
    }
}

/// Keeps the data keys of aggregates with their events.
pub trait KeyRecorder: AggregateRecorder {
    /// Reads the data keys of these aggregates, in any order, and the marks of those that are forgotten. Aggregates
    /// without a key are left out.
    fn select_keys(&self, ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send;

    /// Stores the data key of an aggregate in another form, if `old` is still the stored form and the ids of both keys
    /// are equal; returns whether it was. Callers need it for a new cipher key. Forgotten aggregates stay forgotten.
    fn replace_key(&self, old: StoredKey, new: StoredKey)
    -> impl Future<Output = Result<bool, Error>> + Send;

    /// Destroys the data key of an aggregate and stores the notice of it, both or neither: nobody ever reads the data of
    /// the key again.
    ///
    /// - The events stay, with ids, versions, topics and positions; [columns](StoredEvent::columns) of your own are
    ///   emptied.
    /// - The notice is a commit, and the last one of the aggregate: it needs no data key, and no event is stored after
    ///   it, whether there was a key or not, by whatever transaction runs at the same time. If one of its places is taken,
    ///   the answer is a [`Conflict`](crate::error::Conflict), and nothing has happened. A notice that is stored already,
    ///   by an attempt that came half-way, is enough: the key is destroyed. A reader of the log knows it by
    ///   [`StoredEvent::forgotten`].
    /// - Done again, with whatever notice, it stores nothing, and wipes what remains.
    fn forget(&self, id: Uuid, notice: Commit) -> impl Future<Output = Result<Remains, Error>> + Send;

    /// Reads a few data keys of whatever aggregates, best the newest ones; none if the store cannot find them.
    ///
    /// [`Application::open`](crate::Application::open) tries them, and is refused if it can read none of them: then its cipher
    /// key is not the right one.
    fn sample_keys(&self) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send {
        async { Ok(Vec::new()) }
    }
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

    /// Reads the versions of the snapshots that [`select`](Self::select) would read, without their states.
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

    /// Removes all snapshots of a forgotten aggregate, of whatever kind.
    fn clear(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Keeps events in one order, the log.
pub trait ApplicationRecorder: AggregateRecorder {
    /// Reads events in the order of the log, as far as the range and its limits go.
    ///
    /// - Positions grow; gaps may remain where nothing was stored; a position is never used twice.
    /// - Events of one commit stand together, in their order; those of an aggregate in the order of their versions.
    /// - No entry is beyond [`through`](LogPage::through), nothing ever appears at or below it, and it never goes back.
    /// - With a limit of 0, the page has no entries, and `through` is the newest place that a reader may reach.
    /// - A range [after a mark](LogRange::after) is answered as [`Diverged`](crate::ErrorKind::Diverged) if another
    ///   commit stands there, or none.
    fn read_log(&self, range: LogRange) -> impl Future<Output = Result<LogPage, Error>> + Send;

    /// Returns the place of the last event of a commit, or `None` if it had no events.
    ///
    /// The answer is [`Receipt::mark`] at once if places come with the commit. Else the future waits until the store has
    /// given them. Afterwards, every [`read_log`](Self::read_log) has its `through` there, or beyond.
    fn resolve(&self, receipt: &Receipt) -> impl Future<Output = Result<Option<Mark>, Error>> + Send;

    /// Waits until there may be events after a place. Ready at once if there are.
    ///
    /// It is a hint: it may be ready although nothing came, and never stays away for longer than the store's interval.
    fn beyond(&self, after: Option<Mark>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Returns this recorder as one that tracks with its events, if it is one: a [`ProcessRecorder`] returns
    /// `Some(self)`.
    fn as_process(&self) -> Option<&(dyn DynProcessRecorder + 'static)> {
        None
    }
}

/// Keeps the places that readers of logs have reached. It belongs to the database that a reader writes to.
pub trait TrackingRecorder: Send + Sync + 'static {
    /// Returns the place that a reader has reached, or `None` before its first step.
    fn tracked(&self, cursor: &Cursor) -> impl Future<Output = Result<Option<Mark>, Error>> + Send;

    /// Records a step, if the reader is where the step begins; else the answer is a
    /// [`Conflict`](crate::error::Conflict), which names the recorded place.
    fn track(&self, step: Step) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Stores new events and the step of the reader that produced them, in one transaction.
pub trait ProcessRecorder: ApplicationRecorder + TrackingRecorder {
    /// Stores the commit and records the step, or neither.
    ///
    /// A commit that was done before is answered with its receipt, if it has events, and records no step. A step that
    /// does not begin at the recorded place is a [`Conflict`](crate::error::Conflict).
    fn append_tracked(
        &self,
        commit: Commit,
        step: Step,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send;
}
