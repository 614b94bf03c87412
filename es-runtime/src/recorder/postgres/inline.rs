//! Inline views: the transaction that appends also brings the views up to date.
//!
//! The transaction locks the places of the views before it draws positions. So of all processes that keep the views, one
//! appends after the other, and the events reach the views in the order of the log. A process that does not keep them may
//! have drawn lower positions: the transaction waits for it, and handles its events, too.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, try_join, try_join_all};
use tokio::time::sleep;
use tokio_postgres::types::Type;
use tokio_postgres::{Error as DriverError, Row};
use uuid::Uuid;

use super::connection::Connection;
use super::core::Changed;
use super::horizon::is_below;
use super::kept::{InlineView, Stored};
use super::log::Log;
use super::rows::value;
use super::statements::Statements;
use super::trouble::Trouble;
use super::{PostgresRecorder, error, read_log, select};
use crate::error::{Error, ErrorKind};
use crate::id::Mark;
use crate::recorder::inline::{KeepsViews, Kept, Reached};
use crate::recorder::{LogPage, LogRange, PostgresOptions, Receipt, StoredKey};

/// The time that an append waits for others, which drew lower positions. They may wait for this append, too.
const PATIENCE: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(1);
/// Commits. The server answers the end of a transaction that has failed as it answers a commit, but for the statement before.
pub(super) const COMMIT: &str = "SELECT 1; COMMIT";

/// The events up to a place that is complete for the transaction.
struct UpTo<'a> {
    connection: &'a Connection,
    log: &'a Log,
    last: Option<Mark>,
}

impl Stored for UpTo<'_> {
    fn page<'a>(&'a self, range: &'a LogRange) -> BoxFuture<'a, Result<LogPage, Error>> {
        Box::pin(read_log::up_to(self.connection, self.log, range, self.last))
    }

    fn keys(&self, ids: Vec<Uuid>) -> BoxFuture<'_, Result<Vec<StoredKey>, Error>> {
        Box::pin(async move { select::keys(self.connection, &self.log.statements, &ids).await })
    }
}

/// The places of the views of a transaction, in the order of the views.
pub(super) struct Places(Vec<Option<String>>);

/// The views of a transaction.
pub(super) struct Within<'a> {
    connection: &'a Arc<Connection>,
    log: &'a Log,
    views: Vec<Arc<dyn InlineView>>,
    /// True once an append sends its commit.
    commits: AtomicBool,
}

impl<'a> Within<'a> {
    /// Takes the views that a commit brings up to date now.
    pub(super) fn of(connection: &'a Arc<Connection>, log: &'a Log) -> Self {
        let mut views = log.views.all();
        // Transactions that cross lock the views in one order.
        views.sort_by(|one, other| one.place().cmp(&other.place()));
        Self { connection, log, views, commits: AtomicBool::new(false) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// Returns whether an append that gets no answer may have stored its events. Without views, its statement is all that it
    /// sends.
    pub(super) fn may_be_stored(&self) -> bool {
        self.is_empty() || self.commits.load(Ordering::Relaxed)
    }

    /// Begins a transaction with a text; locks and returns the places of the views.
    pub(super) async fn begin(&self, text: &str) -> Result<Places, DriverError> {
        let lock = |view: &Arc<dyn InlineView>| {
            let (table, key) = view.place();
            let (sql, key) = (format!("SELECT value FROM {table} WHERE key = $1 FOR UPDATE"), key.to_owned());
            async move { self.connection.query_once(&sql, &[(&key, Type::TEXT)]).await }
        };
        // All are on their way before the first answer.
        let locks = try_join_all(self.views.iter().map(lock));
        let ((), found) = try_join(self.connection.run(text), locks).await?;
        let place = |rows: &[Row]| rows.first().and_then(|row| value(row, 0));
        let mut places: Vec<Option<String>> = found.iter().map(|rows| place(rows)).collect();
        for (view, missing) in self.views.iter().zip(&mut places).filter(|(_, place)| place.is_none()) {
            // The statement may have waited for a transaction that removed the key and set it again. Another one sees it.
            *missing = place(&lock(view).await?);
        }
        Ok(Places(places))
    }

    /// Brings the views up to date, to a place that is complete or that the transaction itself has drawn. Returns also
    /// whether a view is still behind.
    async fn bring(
        &self,
        places: Places,
        last: Option<Mark>,
    ) -> Result<(Reached<dyn InlineView>, bool), Error> {
        let stored = UpTo { connection: self.connection, log: self.log, last };
        let mut reached = Reached::default();
        let mut is_behind = false;
        let mut before: Option<(&Arc<dyn InlineView>, String)> = None;
        for (view, mut place) in self.views.iter().zip(places.0) {
            // One view may have been started twice: it takes nothing twice.
            if let Some((_, moved)) = before.as_ref().filter(|(before, _)| before.place() == view.place()) {
                place = Some(moved.clone());
            }
            let kept = view.catch_up(self.connection, &stored, place).await?;
            is_behind |= matches!(kept, Kept::Behind(..));
            if let Kept::At(_, Some(to)) | Kept::Behind(_, Some(to)) = kept {
                before = Some((view, to.to_string()));
            }
            reached.note(&self.log.views, Arc::clone(view), kept);
        }
        Ok((reached, is_behind))
    }

    /// Brings the views up to date, to a place that the transaction itself has drawn. Returns `None` if they are too far
    /// behind for this transaction, which then must not commit.
    pub(super) async fn bring_to_own(
        &self,
        places: Places,
        last: Option<Mark>,
    ) -> Result<Option<Reached<dyn InlineView>>, Error> {
        let Some(last) = last.filter(|_| !self.is_empty()) else { return Ok(Some(Reached::default())) };
        wait_for_others(self.connection, &self.log.statements, last).await?;
        let (reached, is_behind) = self.bring(places, Some(last)).await?;
        Ok((!is_behind).then_some(reached))
    }

    /// Brings the views up to date, in as many transactions as that takes.
    pub(super) async fn bring_in_parts(&self) -> Result<(), Error> {
        let failed = error::of("bring the views up to date");
        loop {
            let places = self.begin("BEGIN").await.map_err(&failed)?;
            let (_, complete) = self.log.horizon.look(self.connection, &self.log.statements).await?;
            let (reached, is_behind) = self.bring(places, complete).await?;
            self.connection.run(COMMIT).await.map_err(&failed)?;
            reached.committed();
            if !is_behind {
                return Ok(());
            }
        }
    }

    /// Appends within a transaction that brings the views up to date.
    pub(super) async fn append(
        &self,
        appending: impl Future<Output = Result<Vec<Receipt>, Trouble>>,
    ) -> Result<Vec<Receipt>, Trouble> {
        let trouble = |cause| self.log.statements.trouble(cause);
        let stored = async {
            let places = self.begin("BEGIN").await.map_err(trouble)?;
            let receipts = appending.await?;
            let last = receipts.iter().filter_map(Receipt::mark).max_by_key(|mark| mark.position());
            let reached = self.bring_to_own(places, last).await.map_err(|error| match error.kind() {
                // Nothing is committed.
                ErrorKind::Unavailable | ErrorKind::Timeout => Trouble::Again(error),
                ErrorKind::OutcomeUnknown => Trouble::Lost(error),
                _ => Trouble::Failed(error),
            })?;
            let Some(reached) = reached else { return Ok(None) };
            self.commits.store(true, Ordering::Relaxed);
            self.connection.run(COMMIT).await.map_err(trouble)?;
            Ok(Some((receipts, reached)))
        };
        match stored.await {
            Ok(Some((receipts, reached))) => {
                reached.committed();
                Ok(receipts)
            }
            Ok(None) => {
                self.roll_back().await;
                if self.bring_in_parts().await.is_err() {
                    // The next attempt meets the error, too.
                    self.roll_back().await;
                }
                Err(Trouble::Again(behind()))
            }
            Err(trouble) => {
                self.roll_back().await;
                Err(trouble)
            }
        }
    }

    async fn roll_back(&self) {
        if !self.connection.is_closed() && self.connection.run("ROLLBACK").await.is_err() {
            self.connection.abandon();
        }
    }
}

/// Reports views that have too many rows to take for one transaction.
pub(super) fn behind() -> Error {
    let message = "the inline views are far behind the log, and are brought up to date in parts; try again";
    Error::new(ErrorKind::Unavailable, message)
}

/// Waits for those who may still store events below a place that this transaction has drawn.
async fn wait_for_others(connection: &Connection, statements: &Statements, last: Mark) -> Result<(), Error> {
    let Some(floors) = &statements.other_floors else { return Ok(()) };
    let began = Instant::now();
    loop {
        let rows = connection.query(floors, &[]).await.map_err(error::of("look who appends"))?;
        let floors = rows.iter().filter_map(|row| value::<i64>(row, 0));
        if !floors.into_iter().any(|floor| is_below(floor, last)) {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            let message = "a process that does not keep the inline views of this one is appending, and does not end; try \
                           again, and let every process keep them";
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        sleep(LOOK).await;
    }
}

impl PostgresRecorder {
    /// Returns the options of the database.
    pub(crate) fn options(&self) -> &PostgresOptions {
        self.database.core().way.options()
    }
}

impl KeepsViews for PostgresRecorder {
    type View = dyn InlineView;

    async fn add_view(&self, view: Arc<dyn InlineView>) -> Result<(), Error> {
        self.log.views.add(view, self.bring_views()).await
    }

    async fn bring_views(&self) -> Result<(), Error> {
        let log = Arc::clone(&self.log);
        // One call after the other; an error ends the connection, and with it the transaction.
        let brought = self.database.on_pool(Some(Changed::Reader(0)), move |connection| {
            let log = Arc::clone(&log);
            Box::pin(async move {
                let within = Within::of(connection, &log);
                within.bring_in_parts().await
            })
        });
        brought.await
    }
}
