//! Recorders store events; each trait adds promises.
//!
//! | trait | a recorder of this trait stores |
//! |---|---|
//! | [`AggregateRecorder`] | the events of aggregates, each sequence for itself |
//! | [`KeyRecorder`] | the data keys of aggregates too, and destroys them |
//! | [`ApplicationRecorder`] | all events in one order too, the log |
//! | [`TrackingRecorder`] | the places that readers of logs have reached |
//! | [`ProcessRecorder`] | new events and the step of the reader that produced them, in one transaction |
//! | [`SnapshotRecorder`] | snapshots, which can be made again from events |
//!
//! A recorder implements the traits whose promises it can keep, and the
//! [conformance suite](crate::testing::conformance) proves it. A method that joins a trait later has a body, or stands
//! in a trait of its own: a recorder written today still compiles later.
//!
//! Every method returns a future that needs no particular runtime. **A caller that stops polling never stops other
//! callers.** A future that nobody polls holds no lock and no connection. No other caller waits for its work.

mod keys;
mod commit;
mod limits;
mod page;
mod range;
mod tracking;
mod erased;
mod join;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod inline;
mod copy;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod opener;
#[cfg(feature = "sqlite")]
mod group;
mod sql;
mod scheme;
mod verdict;
mod memory;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
mod uri;

use std::any::Any;
use std::future::Future;

use uuid::Uuid;

pub use self::commit::{Commit, CommitParts, Receipt};
pub use self::copy::{Copied, CopyLog, CopyProgress, CopyStage, copied_mark, copy};
pub(crate) use self::erased::Boxed;
pub use self::erased::{
    DynAggregateRecorder, DynApplicationRecorder, DynKeyRecorder, DynProcessRecorder, DynSnapshotRecorder,
    DynTrackingRecorder,
};
pub use self::keys::{Remains, StoredKey};
pub use self::limits::Limits;
pub use self::memory::{MemoryRecorder, MemorySnapshots};
#[cfg(feature = "postgres")]
pub(crate) use self::opener::Opener;
pub use self::page::{EventPage, LogPage, Notification};
#[cfg(feature = "postgres")]
pub use self::postgres::{HeldBack, Postgres, PostgresOptions, PostgresRecorder, PostgresSnapshots, SslMode};
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

/// A recorder of sequences of events, each under the id of its aggregate.
pub trait AggregateRecorder: Send + Sync + 'static {
    /// Stores all events of the commit, or none.
    ///
    /// - An event whose id and version are taken is a [`Conflict`](crate::error::Conflict), unless every event of the
    ///   commit is stored under its commit id and topic. Then the commit was done before, and the receipt names the
    ///   places of its events, [as a repeated one](Receipt::as_repeated).
    /// - An event that does not follow a stored one is a `Conflict` too, in a commit
    ///   [without gaps](Commit::without_gaps).
    /// - The versions of other commits begin anywhere from 0 to [`Version::MAX`](crate::Version::MAX), and may have
    ///   gaps, unless the [limits](Self::limits) forbid them.
    /// - An acknowledged commit stays, whatever happens to the process afterwards.
    /// - After an error, nothing is stored and nothing will be. The only exception is
    ///   [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown), the error of a commit that may be stored.
    /// - A commit without events stores nothing but its keys.
    /// - The recorder refuses a commit beyond a limit as a whole, as [`Unsupported`](crate::ErrorKind::Unsupported).
    ///
    /// A recorder that is no [`KeyRecorder`] refuses a commit with data keys, as `Unsupported`. A `KeyRecorder` stores
    /// the keys with the events:
    ///
    /// - If the aggregate has a data key, the commit must bring one with the same [id](StoredKey::key): another is a
    ///   [`Conflict`](crate::error::Conflict), none is [`Config`](crate::ErrorKind::Config). The stored key stays as it
    ///   is.
    /// - The recorder refuses events of a [forgotten](KeyRecorder::forget) aggregate, as
    ///   [`Forgotten`](crate::ErrorKind::Forgotten).
    ///
    /// If there are several reasons to refuse a commit, the recorder reports the first in this order:
    ///
    /// 1. The commit is beyond a limit. This is the only reason to refuse a commit that is stored already.
    /// 2. The step does not begin at the recorded mark of the reader.
    /// 3. An event belongs to a forgotten aggregate, or the commit lacks the data key of an aggregate.
    /// 4. A data key of the commit is not the stored one.
    /// 5. A version is taken, or follows no stored one.
    fn append(&self, commit: Commit) -> impl Future<Output = Result<Receipt, Error>> + Send;

    /// Reads events of one sequence, in the order of their versions, within the range and its limits.
    fn select(&self, id: Uuid, range: EventRange) -> impl Future<Output = Result<EventPage, Error>> + Send;

    /// Returns whether an event of this sequence is stored under a commit id that a caller [chose](Commit::once).
    ///
    /// The recorder does not index ids that the framework assigned, and does not find them.
    fn has_commit(&self, id: Uuid, commit: CommitId) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Returns for each of these ids of an aggregate and a commit what [`has_commit`](Self::has_commit) returns, in their
    /// order.
    ///
    /// A recorder that answers many by one statement makes [`copy`](fn@copy) fast; this body asks for each.
    fn has_commits(
        &self,
        commits: Vec<(Uuid, CommitId)>,
    ) -> impl Future<Output = Result<Vec<bool>, Error>> + Send {
        async move {
            let ask = |(id, commit)| -> Boxed<'_, bool> { Box::pin(self.has_commit(id, commit)) };
            join::all(commits.into_iter().map(ask).collect()).await
        }
    }

    /// Returns the limits of the recorder for a commit; by default none.
    fn limits(&self) -> Limits {
        Limits::NONE
    }

    /// Returns this recorder as one that keeps data keys, if it is one: a [`KeyRecorder`] returns `Some(self)`.
    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        None
    }
}

/// A recorder that keeps the data keys of aggregates with their events.
pub trait KeyRecorder: AggregateRecorder {
    /// Reads the data keys of these aggregates, in any order, and the tombstones of forgotten aggregates. Leaves out
    /// aggregates without a key.
    fn select_keys(&self, ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send;

    /// Replaces the stored data key of an aggregate, if `old` is still stored and both keys have the same id; returns
    /// whether it did. Callers use it for a new cipher key. Forgotten aggregates stay forgotten.
    fn replace_key(&self, old: StoredKey, new: StoredKey)
    -> impl Future<Output = Result<bool, Error>> + Send;

    /// Destroys the data key of an aggregate and stores the notice of it, both or neither. Nobody can ever read the
    /// data under that key again.
    ///
    /// - The events stay, with ids, versions, topics and positions; the recorder empties
    ///   [columns](StoredEvent::columns) of your own.
    /// - The notice is a commit without a data key. It is the last commit of the aggregate, with or without a key. The
    ///   recorder stores no event after it, not even of a transaction that runs at the same time. A reader of the log
    ///   recognises it by [`StoredEvent::forgotten`].
    /// - If a version of the notice is taken, the recorder reports a [`Conflict`](crate::error::Conflict), and changes
    ///   nothing.
    /// - If an interrupted attempt has stored the notice already, the recorder destroys the key.
    /// - A repeated call, with any notice, stores nothing, and wipes the remains.
    fn forget(&self, id: Uuid, notice: Commit) -> impl Future<Output = Result<Remains, Error>> + Send;

    /// Reads a few data keys of any aggregates, preferably the newest; none if the recorder cannot find them.
    ///
    /// [`Application::open`](crate::Application::open) tries to read them, and fails if it can read none: then its
    /// cipher key is not the right one.
    fn sample_keys(&self) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send {
        async { Ok(Vec::new()) }
    }
}

/// A recorder of snapshots, each under the id of its aggregate, its topic (the kind of its state), and its version.
pub trait SnapshotRecorder: Send + Sync + 'static {
    /// Stores a snapshot, in place of any other with the same id, topic and version.
    fn put(&self, snapshot: StoredEvent) -> impl Future<Output = Result<(), Error>> + Send;

    /// Reads snapshots of one kind of one aggregate, in the order of their versions: all that the range selects, since there
    /// is no next page. A limit of bytes has no meaning here.
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

    /// Removes all snapshots of a forgotten aggregate, of every kind.
    fn clear(&self, id: Uuid) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A recorder that keeps all events in one order, the log.
pub trait ApplicationRecorder: AggregateRecorder {
    /// Reads events in the order of the log, within the range and its limits.
    ///
    /// - Positions grow; gaps may remain where no event was stored; no position is used twice.
    /// - Events of one commit stand together, in their order; those of an aggregate in the order of their versions.
    /// - No entry is beyond [`through`](LogPage::through), and no new event ever appears at or before `through`. The
    ///   `through` of a later page is never before that of an earlier page.
    /// - With a limit of 0, the page has no entries, and `through` is the newest mark that a reader may reach.
    /// - For a range [after a mark](LogRange::after), the recorder reports [`Diverged`](crate::ErrorKind::Diverged) if
    ///   another commit stands there, or none.
    fn read_log(&self, range: LogRange) -> impl Future<Output = Result<LogPage, Error>> + Send;

    /// Returns the mark of the last event of a commit, or `None` if the commit had no events.
    ///
    /// A recorder that assigns positions with the commit returns [`Receipt::mark`] at once. Any other recorder waits until
    /// it has assigned the positions. From then on, the `through` of every [`read_log`](Self::read_log) has reached the
    /// mark.
    fn resolve(&self, receipt: &Receipt) -> impl Future<Output = Result<Option<Mark>, Error>> + Send;

    /// Waits until there may be events after a place. The future is ready at once if there are.
    ///
    /// Readiness is a hint: the future may be ready without a new event, and is always ready after the interval of the
    /// recorder.
    fn beyond(&self, after: Option<Mark>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Returns the recorder as a value whose type a view can ask for, to be kept in its transactions.
    #[doc(hidden)]
    fn as_any(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }

    /// Returns this recorder as one that tracks with its events, if it is one: a [`ProcessRecorder`] returns
    /// `Some(self)`.
    fn as_process(&self) -> Option<&(dyn DynProcessRecorder + 'static)> {
        None
    }
}

/// A recorder of the places that readers of logs have reached, in the database that a reader writes to.
pub trait TrackingRecorder: Send + Sync + 'static {
    /// Returns the place that a reader has reached, or `None` before its first step.
    fn tracked(&self, cursor: &Cursor) -> impl Future<Output = Result<Option<Mark>, Error>> + Send;

    /// Records a step if it begins at the recorded place of the reader. Otherwise reports a
    /// [`Conflict`](crate::error::Conflict), which names the recorded place.
    fn track(&self, step: Step) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A recorder that stores new events and the step of the reader that produced them, in one transaction.
pub trait ProcessRecorder: ApplicationRecorder + TrackingRecorder {
    /// Stores the commit and records the step, or neither.
    ///
    /// For a commit with events that was done before, the recorder returns the receipt, and records no step. A step
    /// that does not begin at the recorded place is a [`Conflict`](crate::error::Conflict).
    fn append_tracked(
        &self,
        commit: Commit,
        step: Step,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send;

    /// Stores several commits in this order, each as [`append_tracked`](Self::append_tracked) stores it with its step.
    ///
    /// In the log they stand in this order. After an error, a first part of them may be stored: never a commit without
    /// all those before it. A recorder that stores many of them in one transaction makes [`copy`](fn@copy) fast; this body stores
    /// one after the other.
    ///
    /// ```
    /// use es_runtime::id::{Mark, Position};
    /// use es_runtime::recorder::{Commit, Cursor, MemoryRecorder, ProcessRecorder, Step, StoredEvent};
    /// use es_runtime::{Version, Wait};
    ///
    /// let (cursor, mut from, mut commits) = (Cursor::new("orders", "shop")?, None, Vec::new());
    /// for position in 1..=3 {
    ///     let event = StoredEvent::new(uuid::Uuid::now_v7(), Version::INITIAL, "Order.Placed", b"{}".to_vec())?;
    ///     let commit = Commit::new(vec![event]);
    ///     let to = Mark::new(Position::new(position).expect("not 0"), commit.id());
    ///     commits.push((commit, Step::new(cursor.clone(), from, to)?));
    ///     from = Some(to);
    /// }
    /// let receipts = MemoryRecorder::new().append_tracked_all(commits).wait()?;
    /// assert_eq!(receipts.len(), 3);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    fn append_tracked_all(
        &self,
        commits: Vec<(Commit, Step)>,
    ) -> impl Future<Output = Result<Vec<Receipt>, Error>> + Send {
        async move {
            let mut receipts = Vec::with_capacity(commits.len());
            for (commit, step) in commits {
                receipts.push(self.append_tracked(commit, step).await?);
            }
            Ok(receipts)
        }
    }
}
