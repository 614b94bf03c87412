//! SQLite: one file, or one name in memory, for several applications and several processes.
//!
//! One connection writes, by [group commit](super::group); a few others read, each transaction from a snapshot of its
//! own (WAL). A thread inside [`Wait::wait`](crate::Wait) does its work itself. Futures on an executor leave it to
//! threads of the recorder, so that no poll blocks.
//!
//! A fork of the process cannot use a database that was opened before it. The fork has no threads of the recorder, and
//! the locks of SQLite stay with the parent. The recorder refuses its calls as `Config`. Open the database after the
//! fork.

mod place;
mod error;
mod schema;
mod statements;
mod select;
mod facts;
mod insert;
mod turns;
mod tx;
mod inline;
mod append;
mod rebuild;
mod catalog;
mod options;
mod connection;
mod forget;
mod readers;
mod watch;
mod database;
mod snapshots;
mod uri;

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use uuid::Uuid;

pub use self::database::Sqlite;
use self::inline::Views;
pub(crate) use self::inline::{InlineView, Stored};
pub use self::options::{SqliteOptions, Synchronous};
pub(crate) use self::place::Place;
pub use self::snapshots::SqliteSnapshots;
use self::statements::Statements;
pub use self::tx::Tx;
use super::scheme::{Opened, Opening, Scheme};
use super::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, DynKeyRecorder, DynProcessRecorder,
    DynSnapshotRecorder, EventPage, EventRange, KeyRecorder, LogPage, LogRange, Mark, ProcessRecorder,
    Receipt, Remains, Step, StoredKey, TrackingRecorder,
};
use crate::error::Error;

/// The scheme of URIs such as `sqlite:bank.db`: see [`SqliteOptions`].
pub(super) const SCHEME: Scheme = Scheme { name: "sqlite", open: |uri, opening| open(uri.parse()?, opening) };

/// Opens a database for an application.
pub(super) fn open(options: SqliteOptions, opening: &Opening<'_>) -> Result<Opened, Error> {
    opening.tables.events.check_columns(&opening.columns)?;
    let database = options.open()?;
    let events = Arc::new(database.recorder(opening.tables)?);
    let snapshots: Option<Arc<dyn DynSnapshotRecorder>> =
        if opening.keeps_snapshots { Some(Arc::new(database.snapshots(opening.tables)?)) } else { None };
    Ok(Opened { events, snapshots, close: Box::new(move || database.close()) })
}

/// Opens a connection of its own, for code beside the recorder.
pub(crate) fn open_connection(options: &SqliteOptions) -> Result<rusqlite::Connection, Error> {
    open_at_place(options).map(|(connection, _)| connection)
}

/// Opens a connection of its own, with the place of its file.
pub(crate) fn open_at_place(options: &SqliteOptions) -> Result<(rusqlite::Connection, Option<Place>), Error> {
    connection::open_writer(options)
}

/// Adds the failed action to an error of the driver.
pub(crate) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    error::of(doing)
}

/// Returns the error for one in a chain that says nothing about what was written, such as that of a full disk.
pub(crate) fn of_store(doing: &str, error: &(dyn StdError + 'static)) -> Option<Error> {
    error::of_store(doing, error)
}

/// A recorder of the events of one application in a [`Sqlite`] database, and of its tracking of others.
#[derive(Clone)]
pub struct SqliteRecorder {
    database: Sqlite,
    statements: Arc<Statements>,
    /// The views that each commit brings up to date. Clones share them.
    views: Views,
}

impl fmt::Debug for SqliteRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteRecorder").field("database", &self.database).finish_non_exhaustive()
    }
}

impl AggregateRecorder for SqliteRecorder {
    fn append(&self, commit: Commit) -> impl Future<Output = Result<Receipt, Error>> + Send {
        self.database.append(self, commit, None)
    }

    fn select(&self, id: Uuid, range: EventRange) -> impl Future<Output = Result<EventPage, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| select::events(connection, &statements.events, id, range))
    }

    fn has_commit(&self, id: Uuid, commit: CommitId) -> impl Future<Output = Result<bool, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| select::has_commit(connection, &statements, id, commit))
    }

    fn has_commits(
        &self,
        commits: Vec<(Uuid, CommitId)>,
    ) -> impl Future<Output = Result<Vec<bool>, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| {
            let has =
                |(id, commit): &(Uuid, CommitId)| select::has_commit(connection, &statements, *id, *commit);
            commits.iter().map(has).collect()
        })
    }

    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        Some(self)
    }
}

impl KeyRecorder for SqliteRecorder {
    fn select_keys(&self, ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| select::keys(connection, &statements, &ids))
    }

    fn replace_key(
        &self,
        old: StoredKey,
        new: StoredKey,
    ) -> impl Future<Output = Result<bool, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.on_writer(move |connection| forget::replace_key(connection, &statements, &old, &new))
    }

    fn forget(&self, id: Uuid, notice: Commit) -> impl Future<Output = Result<Remains, Error>> + Send {
        self.database.forget(self, id, notice)
    }

    fn sample_keys(&self) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| select::sample_keys(connection, &statements))
    }
}

impl ApplicationRecorder for SqliteRecorder {
    fn read_log(&self, range: LogRange) -> impl Future<Output = Result<LogPage, Error>> + Send {
        let statements = Arc::clone(&self.statements);
        self.database.read(move |connection| select::log(connection, &statements, &range))
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        Ok(receipt.mark())
    }

    fn beyond(&self, after: Option<Mark>) -> impl Future<Output = Result<(), Error>> + Send {
        self.database.beyond(&self.statements, after)
    }

    fn as_any(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self)
    }

    fn as_process(&self) -> Option<&(dyn DynProcessRecorder + 'static)> {
        Some(self)
    }
}

impl TrackingRecorder for SqliteRecorder {
    fn tracked(&self, cursor: &Cursor) -> impl Future<Output = Result<Option<Mark>, Error>> + Send {
        let (statements, cursor) = (Arc::clone(&self.statements), cursor.clone());
        self.database.read(move |connection| select::tracked(connection, &statements, &cursor))
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        self.database.append(self, Commit::new(Vec::new()), Some(step)).await.map(drop)
    }
}

impl ProcessRecorder for SqliteRecorder {
    fn append_tracked(
        &self,
        commit: Commit,
        step: Step,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send {
        self.database.append(self, commit, Some(step))
    }

    fn append_tracked_all(
        &self,
        commits: Vec<(Commit, Step)>,
    ) -> impl Future<Output = Result<Vec<Receipt>, Error>> + Send {
        self.database.append_in_order(self, commits)
    }
}
