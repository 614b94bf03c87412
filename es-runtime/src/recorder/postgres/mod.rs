//! PostgreSQL: one database on a server, for several applications and many processes.
//!
//! A runtime of the recorder has all connections, and callers wait for its answers: under every executor, and without one.
//! A thread drives it, or [a caller that waits alone](engine). A connection [append]s, by one statement for all commits that wait, and a second one helps. A bounded number of
//! others reads.
//!
//! Positions come in blocks of 1,024, of which one statement uses one: they grow with gaps. Readers keep below a
//! [horizon], beneath which nothing can appear any more.

#[cfg(test)]
mod fake;
mod options;
pub(crate) mod error;
mod trouble;
mod tls;
mod text;
mod hidden;
mod names;
mod schema;
mod grants;
mod insert;
mod statements;
mod connection;
mod way;
mod known;
mod batch;
mod rows;
mod horizon;
mod looks;
mod kept;
mod log;
mod select;
mod read_log;
mod facts;
mod held;
mod pool;
mod queue;
mod watch;
mod engine;
mod core;
mod receipts;
mod inline;
mod forget;
mod check;
mod append;
mod in_order;
mod catalog;
mod database;
mod calls;
mod snapshots;
mod uri;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use uuid::Uuid;

pub(crate) use self::connection::Connection;
pub use self::database::Postgres;
pub(crate) use self::engine::Engine;
pub use self::held::HeldBack;
pub(crate) use self::kept::{InlineView, Stored};
use self::log::Log;
pub use self::options::{PostgresOptions, SslMode};
pub use self::snapshots::PostgresSnapshots;
pub(crate) use self::way::{Sessions, Way};
use super::scheme::{Opened, Opening, Scheme};
use super::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, DynKeyRecorder, DynProcessRecorder,
    DynSnapshotRecorder, EventPage, EventRange, KeyRecorder, LogPage, LogRange, Mark, ProcessRecorder,
    Receipt, Remains, Step, StoredKey, TrackingRecorder,
};
use crate::error::Error;

/// The scheme of URIs such as `postgresql://localhost/bank`: see [`PostgresOptions`].
pub(super) const SCHEME: Scheme = Scheme { name: "postgresql", open };
/// The same scheme, as other tools write it.
pub(super) const SHORT_SCHEME: Scheme = Scheme { name: "postgres", open };

/// Opens a database for an application.
fn open(uri: &str, opening: &Opening<'_>) -> Result<Opened, Error> {
    opening.tables.events.check_columns(&opening.columns)?;
    let database = uri.parse::<PostgresOptions>()?.open()?;
    let events = Arc::new(database.recorder(opening.tables)?);
    let snapshots: Option<Arc<dyn DynSnapshotRecorder>> =
        if opening.keeps_snapshots { Some(Arc::new(database.snapshots(opening.tables)?)) } else { None };
    Ok(Opened { events, snapshots, close: Box::new(move || database.close()) })
}

/// A recorder of the events of one application in a [`Postgres`] database, and of its tracking of others.
#[derive(Clone)]
pub struct PostgresRecorder {
    database: Postgres,
    log: Arc<Log>,
}

impl fmt::Debug for PostgresRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRecorder").field("database", &self.database).finish_non_exhaustive()
    }
}

impl PostgresRecorder {
    /// Tells who holds readers back: the oldest append under way, if others have stored events after it began. Ask when
    /// readers lag.
    ///
    /// ```no_run
    /// use es_runtime::Wait;
    /// use es_runtime::recorder::{PostgresOptions, Tables};
    ///
    /// let recorder = PostgresOptions::new("localhost", "bank").open()?.recorder(&Tables::default())?;
    /// if let Some(held) = recorder.held_back().wait()? {
    ///     eprintln!("{held}");
    /// }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Timeout` if the server does not answer.
    pub fn held_back(&self) -> impl Future<Output = Result<Option<HeldBack>, Error>> + Send + use<> {
        self.database.held_back(&self.log)
    }
}

impl AggregateRecorder for PostgresRecorder {
    fn append(&self, commit: Commit) -> impl Future<Output = Result<Receipt, Error>> + Send {
        self.database.append(&self.log, commit, None)
    }

    fn select(&self, id: Uuid, range: EventRange) -> impl Future<Output = Result<EventPage, Error>> + Send {
        let log = Arc::clone(&self.log);
        self.database.read(move |connection| {
            let log = Arc::clone(&log);
            Box::pin(async move { select::events(connection, &log, id, range).await })
        })
    }

    fn has_commit(&self, id: Uuid, commit: CommitId) -> impl Future<Output = Result<bool, Error>> + Send {
        let log = Arc::clone(&self.log);
        self.database.read(move |connection| {
            let log = Arc::clone(&log);
            Box::pin(async move { select::has_commit(connection, &log.statements, id, commit).await })
        })
    }

    fn has_commits(
        &self,
        commits: Vec<(Uuid, CommitId)>,
    ) -> impl Future<Output = Result<Vec<bool>, Error>> + Send {
        let (log, commits) = (Arc::clone(&self.log), Arc::new(commits));
        self.database.read(move |connection| {
            let (log, commits) = (Arc::clone(&log), Arc::clone(&commits));
            Box::pin(async move { select::has_commits(connection, &log.statements, &commits).await })
        })
    }

    fn as_keys(&self) -> Option<&(dyn DynKeyRecorder + 'static)> {
        Some(self)
    }
}

impl KeyRecorder for PostgresRecorder {
    fn select_keys(&self, ids: Vec<Uuid>) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send {
        let (log, ids) = (Arc::clone(&self.log), Arc::new(ids));
        self.database.read(move |connection| {
            let (log, ids) = (Arc::clone(&log), Arc::clone(&ids));
            Box::pin(async move { select::keys(connection, &log.statements, &ids).await })
        })
    }

    fn replace_key(
        &self,
        old: StoredKey,
        new: StoredKey,
    ) -> impl Future<Output = Result<bool, Error>> + Send {
        let (log, id) = (Arc::clone(&self.log), old.aggregate());
        let keys = Arc::new((old, new));
        self.database.change_once(id, move |connection, again| {
            let (log, keys) = (Arc::clone(&log), Arc::clone(&keys));
            Box::pin(async move {
                forget::replace_key(connection, &log.statements, &keys.0, &keys.1, again).await
            })
        })
    }

    fn forget(&self, id: Uuid, notice: Commit) -> impl Future<Output = Result<Remains, Error>> + Send {
        self.database.forget(&self.log, id, notice)
    }

    fn sample_keys(&self) -> impl Future<Output = Result<Vec<StoredKey>, Error>> + Send {
        let log = Arc::clone(&self.log);
        self.database.read(move |connection| {
            let log = Arc::clone(&log);
            Box::pin(async move { select::sample_keys(connection, &log.statements).await })
        })
    }
}

impl ApplicationRecorder for PostgresRecorder {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        self.database.read_log(&self.log, range).await
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        let Some(mark) = receipt.mark() else { return Ok(None) };
        self.database.reach(&self.log, mark).await?;
        Ok(Some(mark))
    }

    fn beyond(&self, after: Option<Mark>) -> impl Future<Output = Result<(), Error>> + Send {
        self.database.beyond(&self.log, after)
    }

    fn as_any(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self)
    }

    fn as_process(&self) -> Option<&(dyn DynProcessRecorder + 'static)> {
        Some(self)
    }
}

impl TrackingRecorder for PostgresRecorder {
    fn tracked(&self, cursor: &Cursor) -> impl Future<Output = Result<Option<Mark>, Error>> + Send {
        let (log, cursor) = (Arc::clone(&self.log), Arc::new(cursor.clone()));
        self.database.read(move |connection| {
            let (log, cursor) = (Arc::clone(&log), Arc::clone(&cursor));
            Box::pin(async move { select::tracked(connection, &log.statements, &cursor).await })
        })
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        self.database.append(&self.log, Commit::new(Vec::new()), Some(step)).await.map(drop)
    }
}

impl ProcessRecorder for PostgresRecorder {
    fn append_tracked(
        &self,
        commit: Commit,
        step: Step,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send {
        self.database.append(&self.log, commit, Some(step))
    }

    fn append_tracked_all(
        &self,
        commits: Vec<(Commit, Step)>,
    ) -> impl Future<Output = Result<Vec<Receipt>, Error>> + Send {
        self.database.append_in_order(&self.log, commits)
    }
}
