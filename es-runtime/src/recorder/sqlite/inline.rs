//! Inline views: the writer brings them up to date within the transaction that appends, so that a stored event is always
//! in its views.
//!
//! A view reads the rows that it has not handled from the table of events. So it also handles the rows of a process that
//! does not keep the view: with the next commit of one that does.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Transaction, TransactionBehavior};
use uuid::Uuid;

use super::statements::Statements;
use super::tx::Tx;
use super::{SqliteRecorder, error, select};
use crate::error::{Error, ErrorKind};
use crate::recorder::inline::{self, KeepsViews, Kept, Reached, Told};
use crate::recorder::{LogPage, LogRange, StoredKey};

/// A view that the writer brings up to date.
pub(crate) trait InlineView: Told + Send + Sync {
    /// Handles the rows that the view has not handled, within the open transaction.
    fn catch_up(&self, stored: &Stored<'_>) -> Result<Kept, Error>;
}

/// The inline views of one application.
pub(super) type Views = inline::Views<dyn InlineView>;

/// The events of an application and the rows of its views, as the open transaction sees them.
pub(crate) struct Stored<'a> {
    tx: &'a Tx,
    statements: &'a Statements,
}

impl Stored<'_> {
    pub(crate) const fn tx(&self) -> &Tx {
        self.tx
    }

    pub(crate) fn log(&self, range: &LogRange) -> Result<LogPage, Error> {
        select::log(self.tx, self.statements, range)
    }

    pub(crate) fn keys(&self, ids: impl IntoIterator<Item = Uuid>) -> Result<Vec<StoredKey>, Error> {
        ids.into_iter().filter_map(|id| select::key(self.tx, self.statements, id).transpose()).collect()
    }
}

/// The views that an open transaction brings up to date.
#[derive(Default)]
pub(super) struct Brought {
    reached: Reached<dyn InlineView>,
    /// The applications whose views are done.
    done: Vec<Views>,
}

impl Brought {
    /// Brings the views of an application up to date, within the open transaction.
    pub(super) fn bring(&mut self, tx: &Tx, statements: &Statements, views: &Views) -> Result<(), Error> {
        if self.done.iter().any(|done| done.is_same(views)) {
            return Ok(());
        }
        let stored = Stored { tx, statements };
        for view in views.all() {
            let kept = bring_one(&*view, &stored)?;
            self.reached.note(views, view, kept);
        }
        self.done.push(views.clone());
        Ok(())
    }

    /// Tells the views that the transaction is committed.
    pub(super) fn committed(self) {
        self.reached.committed();
    }
}

impl SqliteRecorder {
    /// Returns the path of the database, if it is a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.database.path()
    }
}

impl KeepsViews for SqliteRecorder {
    type View = dyn InlineView;

    async fn add_view(&self, view: Arc<dyn InlineView>) -> Result<(), Error> {
        self.views.add(view, self.bring_views()).await
    }

    async fn bring_views(&self) -> Result<(), Error> {
        let (statements, views) = (Arc::clone(&self.statements), self.views.clone());
        let bring = move |tx: &mut Tx| -> Result<(), Error> {
            let begun = Transaction::new_unchecked(tx, TransactionBehavior::Immediate);
            let transaction = begun.map_err(error::of("bring the views up to date"))?;
            let mut brought = Brought::default();
            brought.bring(tx, &statements, &views)?;
            transaction.commit().map_err(error::committing)?;
            brought.committed();
            Ok(())
        };
        self.database.on_writer(bring).await
    }
}

/// Brings a view up to date within a point of the transaction. A handler that ends the transaction takes the point with it.
fn bring_one(view: &dyn InlineView, stored: &Stored<'_>) -> Result<Kept, Error> {
    let run = |text| stored.tx.prepare_cached(text)?.execute([]).map(drop);
    run("SAVEPOINT es_inline").map_err(error::of("bring the views up to date"))?;
    let commits = stored.tx.commits();
    let caught_up = view.catch_up(stored);
    let is_whole = run("RELEASE es_inline").is_ok();
    let is_rolled_back = stored.tx.is_autocommit() && stored.tx.commits() == commits;
    // SQLite itself rolls back after some failures: then nothing is stored, and the view is as it was.
    if is_whole || is_rolled_back && caught_up.is_err() {
        return caught_up.map_err(inline::nothing_stored);
    }
    let error = ended_by_hand();
    view.failed(&error);
    Err(error)
}

#[cold]
fn ended_by_hand() -> Error {
    Error::new(
        ErrorKind::OutcomeUnknown,
        "a handler of an inline view ended the transaction by hand, so that events and view may differ; remove the `COMMIT` \
         or `ROLLBACK`, and rebuild the view",
    )
}
