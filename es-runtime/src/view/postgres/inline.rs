//! A view within the transaction of a recorder, which stores events.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Error as DriverError, SimpleQueryMessage};

use super::failure::{self, Late, no_number};
use super::open::Texts;
use super::sent::Expected;
use super::tx::{Prepared, Tx};
use crate::error::Error;
use crate::recorder::Identifier;
use crate::recorder::postgres::Connection;

/// The number of connections whose prepared statements are kept.
const CONNECTIONS: usize = 16;

/// The schema of an inline view, with the statements of its handlers, which each connection keeps prepared.
pub(crate) struct InlineSchema {
    schema: Identifier,
    table: String,
    texts: Texts,
    prepared: Mutex<Vec<(Weak<Connection>, Prepared)>>,
}

impl InlineSchema {
    pub(crate) fn new(schema: Identifier) -> Self {
        let (table, texts) = (format!("{schema}.es_view"), Texts::of(&schema));
        Self { schema, table, texts, prepared: Mutex::default() }
    }

    /// Returns the table of the library.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// Lets the open transaction of a connection write to the view.
    ///
    /// The recorder's sessions are set for its own statements. Those of the handlers get the usual plans.
    pub(crate) async fn enter(&self, connection: &Arc<Connection>) -> Result<Inside<'_>, Error> {
        const DOING: &str = "write to an inline view";
        let enter = format!(
            "SET LOCAL search_path = {}; SET LOCAL plan_cache_mode = auto; SET LOCAL enable_seqscan = on; \
             SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SAVEPOINT es_view; \
             SELECT pg_current_xact_id()",
            self.schema
        );
        let answer = connection.client().simple_query(&enter).await.map_err(failure::of(DOING))?;
        let number = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten().map(str::to_owned),
            _ => None,
        });
        let number = number.ok_or_else(no_number)?;
        Ok(Inside { tx: Tx::of(connection, self.prepared(connection)), texts: &self.texts, number })
    }

    /// Forgets the statements that are prepared on a connection: after an error, they may be older than the tables.
    pub(crate) fn forget(&self, connection: &Arc<Connection>) {
        let mut all = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| !std::ptr::eq(known.as_ptr(), Arc::as_ptr(connection)));
    }

    fn prepared(&self, connection: &Arc<Connection>) -> Prepared {
        let mut all = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |known: &Weak<Connection>| std::ptr::eq(known.as_ptr(), Arc::as_ptr(connection));
        if let Some((_, prepared)) = all.iter().find(|(known, _)| is(known)) {
            return prepared.clone();
        }
        all.retain(|(known, _)| known.strong_count() > 0);
        if all.len() == CONNECTIONS {
            all.remove(0);
        }
        let prepared = Prepared::default();
        all.push((Arc::downgrade(connection), prepared.clone()));
        prepared
    }
}

/// An inline view that the open transaction writes to.
pub(crate) struct Inside<'a> {
    tx: Tx,
    texts: &'a Texts,
    /// The number of the transaction.
    number: String,
}

impl Inside<'_> {
    pub(crate) const fn tx(&self) -> &Tx {
        &self.tx
    }

    /// Undoes what the handlers have done. From then on, each statement is awaited, so that the right handler gets its error.
    pub(crate) async fn begin_again(&self) -> Result<(), Error> {
        self.tx.forget_sent();
        let undone = self.tx.batch_execute("ROLLBACK TO SAVEPOINT es_view").await;
        undone.map_err(unless_ended("undo the handlers of an inline view"))?;
        self.tx.sent().is_careful = true;
        Ok(())
    }

    /// Awaits the statements of the handlers. Returns false if one of them failed, and its error came too late to tell
    /// whose it is.
    pub(crate) async fn settle(&self) -> Result<bool, Error> {
        match self.tx.settle().await {
            Ok(()) => Ok(true),
            Err(late) => late.passing().map_or(Ok(false), Err),
        }
    }

    /// Sets the place of the view. Fails if a handler has ended the transaction by hand.
    pub(crate) async fn put(&self, key: &str, place: &str) -> Result<(), Error> {
        const DOING: &str = "write the place of a view";
        let sent = self.tx.send(&self.texts.put, &[&key, &place, &self.number], Expected::Own).await;
        let done = match sent {
            Ok(()) => self.tx.settle().await,
            Err(cause) => Err(Late::new(cause)),
        };
        done.map_err(|late| {
            if late.is_ended_by_hand() { failure::ended_with_events() } else { late.into_error(DOING) }
        })
    }

    /// Keeps what the handlers have done so far: [`begin_again`](Self::begin_again) undoes only later work.
    pub(crate) async fn keep(&self) -> Result<(), Error> {
        let kept = self.tx.batch_execute("RELEASE SAVEPOINT es_view; SAVEPOINT es_view").await;
        kept.map_err(unless_ended("keep the work of handlers"))
    }

    /// Returns whether each statement is awaited.
    pub(crate) fn is_careful(&self) -> bool {
        self.tx.sent().is_careful
    }
}

/// Returns the error of a statement about a point of the transaction. Without the point, a handler has ended the transaction.
fn unless_ended(doing: &'static str) -> impl Fn(DriverError) -> Error {
    move |cause| match cause.code().map(SqlState::code) {
        Some("25P01" | "3B001") => failure::ended_with_events(),
        _ => failure::of(doing)(cause),
    }
}
