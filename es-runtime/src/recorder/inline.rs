//! Inline views: the transaction that stores events also brings them into the view.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind};
use crate::id::Mark;

/// The state of a view within an open transaction.
#[derive(Clone, Copy)]
pub(crate) enum Kept {
    /// The view took so many rows, and reached this place.
    At(usize, Option<Mark>),
    /// The same, and more rows wait: too many for one transaction.
    #[cfg(feature = "postgres")]
    Behind(usize, Option<Mark>),
    /// Nobody keeps the view any more.
    Ended,
}

/// Returns the error of a view whose transaction is not committed: nothing is stored, though the outcome of what a handler
/// did elsewhere may be unknown.
pub(crate) fn nothing_stored(error: Error) -> Error {
    if error.kind() != ErrorKind::OutcomeUnknown {
        return error;
    }
    Error::new(ErrorKind::Unavailable, format!("nothing is stored, because of an inline view: {error}"))
        .with_source(error)
}

/// A view that learns what is committed.
pub(crate) trait Told {
    /// Learns that the transaction is committed, in which the view took so many rows and reached a place.
    fn committed(&self, rows: usize, to: Option<Mark>);

    /// Learns that the view and the events may differ, so that nobody keeps the view any more.
    #[cfg(feature = "sqlite")]
    fn failed(&self, error: &Error);
}

/// A store that keeps views inline.
pub(crate) trait KeepsViews: Clone + Send + Sync + 'static {
    type View: ?Sized + Send + Sync;

    /// Adds a view, from whose present place on every commit of this process brings it up to date.
    fn add_view(&self, view: Arc<Self::View>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Brings the views up to date in a transaction of their own.
    fn bring_views(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The inline views of one application. Clones share them.
pub(crate) struct Views<V: ?Sized> {
    kept: Arc<Mutex<Vec<Arc<V>>>>,
}

impl<V: ?Sized> Clone for Views<V> {
    fn clone(&self) -> Self {
        Self { kept: Arc::clone(&self.kept) }
    }
}

impl<V: ?Sized> Default for Views<V> {
    fn default() -> Self {
        Self { kept: Arc::default() }
    }
}

impl<V: ?Sized> fmt::Debug for Views<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views").finish_non_exhaustive()
    }
}

impl<V: ?Sized> Views<V> {
    fn kept(&self) -> MutexGuard<'_, Vec<Arc<V>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn all(&self) -> Vec<Arc<V>> {
        self.kept().clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept().is_empty()
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.kept, &other.kept)
    }

    /// Adds a view, and brings it up to date. A view that cannot be brought, or whose caller gives up, is not kept.
    pub(crate) async fn add(
        &self,
        view: Arc<V>,
        bring: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        self.kept().push(Arc::clone(&view));
        let mut added = Added { views: self, view: Some(view) };
        bring.await?;
        added.view = None;
        Ok(())
    }

    fn remove(&self, view: &Arc<V>) {
        self.kept().retain(|kept| !Arc::ptr_eq(kept, view));
    }
}

/// A view that is removed again.
struct Added<'a, V: ?Sized> {
    views: &'a Views<V>,
    view: Option<Arc<V>>,
}

impl<V: ?Sized> Drop for Added<'_, V> {
    fn drop(&mut self) {
        if let Some(view) = &self.view {
            self.views.remove(view);
        }
    }
}

/// The places that views reach with an open transaction.
pub(crate) struct Reached<V: ?Sized> {
    views: Vec<(Arc<V>, usize, Option<Mark>)>,
}

impl<V: ?Sized> Default for Reached<V> {
    fn default() -> Self {
        Self { views: Vec::new() }
    }
}

impl<V: Told + ?Sized> Reached<V> {
    /// Notes the state of a view, or forgets the view if nobody keeps it.
    pub(crate) fn note(&mut self, views: &Views<V>, view: Arc<V>, kept: Kept) {
        match kept {
            Kept::At(rows, to) => self.views.push((view, rows, to)),
            #[cfg(feature = "postgres")]
            Kept::Behind(rows, to) => self.views.push((view, rows, to)),
            Kept::Ended => views.remove(&view),
        }
    }

    /// Tells the views that the transaction is committed.
    pub(crate) fn committed(self) {
        for (view, rows, to) in self.views {
            view.committed(rows, to);
        }
    }
}
