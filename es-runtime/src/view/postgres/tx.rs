use std::fmt;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use lru::LruCache;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error as DriverError, Row, Statement};

use super::failure::{Late, StatementError};
use super::sent::{Answer, Expected, Sent};
use super::values::written;
use crate::recorder::postgres::Connection;
use crate::view::{self, AsyncTx, BoxError};

/// The number of statements that a connection keeps prepared.
const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);

/// The transaction of a view in a PostgreSQL schema. It dereferences to the client of the driver.
///
/// The view commits it together with its place in the log. A handler that commits or rolls back by hand fails.
///
/// [`run`](Self::run) and [`run_one`](Self::run_one) send a statement and do not wait for its answer, so that many
/// statements are on their way together. If one of them fails, the view takes nothing, and the runner calls the handlers
/// again, one after the other: then each statement is awaited, and the right handler gets the error.
///
/// After an error the server takes no more statements of the transaction. So a handler hands errors on, with `?`, or sets a
/// savepoint before a statement that may fail.
///
/// ```standalone_crate
/// # use es_runtime::{aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open(owner: String) -> Self { let _ = owner; Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// use es_runtime::view::{Result, postgres::Tx};
/// use es_runtime::{Id, projection};
///
/// /// The balances of all accounts.
/// pub struct Balances;
///
/// #[projection(Account, ..)]
/// impl Balances {
///     const TABLES: &str = "CREATE TABLE balances (id uuid PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL)";
///
///     #[event]
///     async fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
///         tx.run("INSERT INTO balances VALUES ($1, $2, 0)", &[&id, &event.owner]).await
///     }
///
///     #[event]
///     async fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
///         tx.run_one("UPDATE balances SET cents = cents + $2 WHERE id = $1", &[&id, &event.amount]).await
///     }
/// }
/// ```
pub struct Tx {
    connection: Arc<Connection>,
    prepared: Prepared,
    sent: Mutex<Sent>,
}

impl Tx {
    pub(super) fn over(connection: Connection) -> Self {
        Self::of(&Arc::new(connection), Prepared::default())
    }

    /// Returns the transaction of a connection that others use, too, with the statements that are prepared on it.
    pub(super) fn of(connection: &Arc<Connection>, prepared: Prepared) -> Self {
        Self { connection: Arc::clone(connection), prepared, sent: Mutex::default() }
    }

    /// Runs a statement, which the connection keeps prepared.
    ///
    /// ```
    /// use es_runtime::view::{Result, postgres::Tx};
    ///
    /// async fn rename(id: uuid::Uuid, owner: &str, tx: &Tx) -> Result {
    ///     tx.run("UPDATE balances SET owner = $2 WHERE id = $1", &[&id, &owner]).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the driver; that of an earlier statement of the transaction.
    pub async fn run(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> view::Result {
        self.send(sql, params, Expected::Any).await
    }

    /// Runs a statement that changes exactly one row, and fails if it changes none or several: an update of a row that
    /// the view never made would otherwise pass unseen.
    ///
    /// ```
    /// use es_runtime::view::{Result, postgres::Tx};
    ///
    /// async fn add(id: uuid::Uuid, cents: i64, tx: &Tx) -> Result {
    ///     tx.run_one("UPDATE balances SET cents = cents + $2 WHERE id = $1", &[&id, &cents]).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the driver; that of an earlier statement of the transaction; an error that names the number of changed
    /// rows.
    pub async fn run_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> view::Result {
        self.send(sql, params, Expected::One).await
    }

    /// Runs a query, which the connection keeps prepared, and returns its rows. It sees what the statements before it
    /// changed.
    ///
    /// ```
    /// use es_runtime::view::{Result, postgres::Tx};
    ///
    /// async fn owner(id: uuid::Uuid, tx: &Tx) -> Result<Option<String>> {
    ///     let rows = tx.rows("SELECT owner FROM balances WHERE id = $1", &[&id]).await?;
    ///     Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the driver.
    pub async fn rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> view::Result<Vec<Row>> {
        self.read(sql, params).await.map_err(|cause| StatementError::new(cause, sql).into())
    }

    /// Runs a query.
    pub(super) async fn read(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DriverError> {
        let prepared = self.prepared(sql).await?;
        self.query(&prepared.statement, params).await
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    pub(super) fn sent(&self) -> MutexGuard<'_, Sent> {
        // No code under the lock panics, but for values of the user's own, whose transaction is rolled back.
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a statement. Its answer is awaited at once only in a transaction with a point, or if too many are on their way.
    pub(super) async fn send(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
        expected: Expected,
    ) -> view::Result {
        let prepared = self.prepared(sql).await.map_err(|cause| StatementError::new(cause, sql))?;
        let Known { statement, sql } = prepared;
        let (values, connection) = (written(&statement, &sql, params)?, Arc::clone(&self.connection));
        let rows = async move { connection.client().execute_raw(&statement, values).await };
        let mut answer = Answer::new(rows, sql, expected);
        let is_careful = self.sent().is_careful;
        if is_careful {
            return poll_fn(|context| answer.poll(context)).await;
        }
        if let Poll::Ready(done) = answer.send() {
            return done;
        }
        let is_full = self.sent().push(answer);
        if is_full { self.settle().await.map_err(BoxError::from) } else { Ok(()) }
    }

    /// Forgets the answers that nobody has awaited.
    pub(super) fn forget_sent(&self) {
        *self.sent() = Sent::default();
    }

    /// Awaits all answers.
    pub(super) async fn settle(&self) -> Result<(), Late> {
        let late = poll_fn(|context| self.sent().poll_all(context)).await;
        late.map_or(Ok(()), Err)
    }

    /// Returns the prepared statement of a text.
    async fn prepared(&self, sql: &str) -> Result<Known, DriverError> {
        let statements = || self.prepared.statements.lock().unwrap_or_else(PoisonError::into_inner);
        let known = statements().get(sql).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let made = Known { statement: self.prepare(sql).await?, sql: sql.into() };
        let oldest = statements().push(Arc::clone(&made.sql), made.clone());
        drop(oldest);
        Ok(made)
    }
}

/// The statements that a connection keeps prepared.
#[derive(Clone)]
pub(super) struct Prepared {
    statements: Arc<Mutex<LruCache<Arc<str>, Known>>>,
}

impl Default for Prepared {
    fn default() -> Self {
        Self { statements: Arc::new(Mutex::new(LruCache::new(KEPT))) }
    }
}

/// A prepared statement with its text.
#[derive(Clone)]
struct Known {
    statement: Statement,
    sql: Arc<str>,
}

impl Deref for Tx {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.connection.client()
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl AsyncTx for Tx {}
