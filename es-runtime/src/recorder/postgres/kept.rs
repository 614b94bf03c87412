//! The two traits by which a commit brings an inline view up to date: that of the view, and that of the stored events.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::connection::Connection;
use crate::error::Error;
use crate::recorder::inline::{self, Kept, Told};
use crate::recorder::{LogPage, LogRange, StoredKey};

/// A view that commits bring up to date.
pub(crate) trait InlineView: Told + Send + Sync {
    /// Returns the table and the key under which the view keeps its place. Transactions lock views in this order.
    fn place(&self) -> (&str, &str);

    /// Handles the rows that the view has not handled, within the open transaction of a connection. The view stands at
    /// `place`, if it is there.
    fn catch_up<'a>(
        &'a self,
        connection: &'a Arc<Connection>,
        stored: &'a dyn Stored,
        place: Option<String>,
    ) -> BoxFuture<'a, Result<Kept, Error>>;
}

/// The events of an application, as an open transaction sees them.
pub(crate) trait Stored: Send + Sync {
    fn page<'a>(&'a self, range: &'a LogRange) -> BoxFuture<'a, Result<LogPage, Error>>;

    fn keys(&self, ids: Vec<Uuid>) -> BoxFuture<'_, Result<Vec<StoredKey>, Error>>;
}

/// The inline views of one application.
pub(super) type Views = inline::Views<dyn InlineView>;
