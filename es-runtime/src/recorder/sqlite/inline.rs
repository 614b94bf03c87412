//! Inline views: the writer brings them up to date within the transaction that appends, so that a stored event is always
//! in its views.
//!
//! A view reads the rows that it has not handled from the table of events. So it also handles the rows of a process that
//! does not keep the view: with the next commit of one that does.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::statements::Statements;
use super::tx::Tx;
use super::{SqliteRecorder, error, select};
use crate::error::{Error, ErrorKind};
use crate::recorder::{LogPage, LogRange, Mark, StoredKey};

/// A view that the writer brings up to date.
pub(crate) trait InlineView: Send + Sync {
    /// Handles the rows that the view has not handled, within the open transaction.
    fn catch_up(&self, stored: &Stored<'_>) -> Result<Kept, Error>;

    /// Learns that the transaction is committed, in which the view took so many rows and reached a place.
    fn committed(&self, rows: usize, to: Option<Mark>);
}

/// The state of a view within the open transaction.
pub(crate) enum Kept {
    /// The view took so many rows, and reached this place.
    At(usize, Option<Mark>),
    /// Nobody keeps the view any more.
    Ended,
}

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

/// The inline views of one application. Only the writer looks at them, and so never while one is added.
#[derive(Clone, Default)]
pub(super) struct Views {
    kept: Arc<Mutex<Vec<Arc<dyn InlineView>>>>,
}

impl Views {
    fn all(&self) -> Vec<Arc<dyn InlineView>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.kept, &other.kept)
    }

    fn remove(&self, view: &Arc<dyn InlineView>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| !Arc::ptr_eq(kept, view));
    }

    fn add(&self, view: Arc<dyn InlineView>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(view);
    }
}

/// The places that views reach with an open transaction.
#[derive(Default)]
pub(super) struct Reached {
    views: Vec<(Arc<dyn InlineView>, usize, Option<Mark>)>,
    /// The applications whose views are done.
    done: Vec<Views>,
}

impl Reached {
    /// Brings the views of an application up to date, within the open transaction.
    pub(super) fn bring(&mut self, tx: &Tx, statements: &Statements, views: &Views) -> Result<(), Error> {
        if self.done.iter().any(|done| done.is_same(views)) {
            return Ok(());
        }
        let stored = Stored { tx, statements };
        for view in views.all() {
            let reached = view.catch_up(&stored)?;
            if tx.is_autocommit() {
                return Err(ended_by_hand());
            }
            match reached {
                Kept::At(rows, to) => self.views.push((view, rows, to)),
                Kept::Ended => views.remove(&view),
            }
        }
        self.done.push(views.clone());
        Ok(())
    }

    /// Tells the views that the transaction is committed.
    pub(super) fn committed(self) {
        for (view, rows, to) in self.views {
            view.committed(rows, to);
        }
    }
}

impl SqliteRecorder {
    /// Returns the path of the database, if it is a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.database.path()
    }

    /// Adds a view, from whose present place on every commit of this process brings it up to date.
    pub(crate) async fn add_view(&self, view: Arc<dyn InlineView>) -> Result<(), Error> {
        let views = self.views.clone();
        views.add(Arc::clone(&view));
        let brought = self.bring_views().await;
        if brought.is_err() {
            views.remove(&view);
        }
        brought
    }

    /// Brings the views up to date in a transaction of their own.
    pub(crate) async fn bring_views(&self) -> Result<(), Error> {
        let (statements, views) = (Arc::clone(&self.statements), self.views.clone());
        let bring = move |tx: &mut Tx| -> Result<(), Error> {
            let begin = |text| tx.execute_batch(text).map_err(error::of("bring the views up to date"));
            begin("BEGIN IMMEDIATE")?;
            let mut reached = Reached::default();
            let done = reached.bring(tx, &statements, &views);
            if done.is_err() {
                if !tx.is_autocommit() {
                    // The first error counts.
                    let _ = tx.execute_batch("ROLLBACK");
                }
                return done;
            }
            tx.execute_batch("COMMIT").map_err(error::committing)?;
            reached.committed();
            Ok(())
        };
        self.database.on_writer(bring).await
    }
}

#[cold]
fn ended_by_hand() -> Error {
    Error::new(
        ErrorKind::OutcomeUnknown,
        "a handler of an inline view ended the transaction by hand, so that events and view may differ; remove the `COMMIT` \
         or `ROLLBACK`, and rebuild the view",
    )
}
