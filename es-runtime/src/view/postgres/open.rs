use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::future::join;
use tokio_postgres::{Error as DriverError, SimpleQueryMessage};

use super::drive::Drive;
use super::failure::{self, ENDED, Late, no_number};
use super::sent::Expected;
use super::{Tx, objects};
use crate::error::Error;
use crate::recorder::Identifier;
use crate::recorder::postgres::Connection;
use crate::view::{BoxError, Object, View};

/// The answer to the beginning of a transaction: its number.
type Beginning = Pin<Box<dyn Future<Output = Result<String, Error>> + Send>>;

/// An open [`Schema`](super::Schema).
pub struct SchemaView {
    pub(super) tx: Tx,
    pub(super) schema: Identifier,
    texts: Texts,
    /// The beginning that was sent, and not answered yet.
    beginning: Mutex<Option<Beginning>>,
    /// The number of the transaction.
    number: String,
    has_point: bool,
    /// True between the beginning and the end of a transaction.
    is_open: bool,
    /// Dropped last: it may end the runtime of the connection.
    _drive: Arc<Drive>,
}

/// The statements of the library.
pub(super) struct Texts {
    get: String,
    pub(super) put: String,
    remove: String,
    list: String,
    lock: String,
}

impl Texts {
    pub(super) fn of(schema: &Identifier) -> Self {
        let table = format!("{schema}.es_view");
        Self {
            get: format!("SELECT value FROM {table} WHERE key = $1 FOR UPDATE"),
            // In another transaction than the one that the view began, it changes no row.
            put: format!(
                "INSERT INTO {table} (key, value) SELECT $1, $2 WHERE pg_current_xact_id() = $3::text::xid8
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            ),
            remove: format!("DELETE FROM {table} WHERE key = $1"),
            list: format!(
                "SELECT key, value FROM {table} WHERE starts_with(key, $1) AND key >= $1 ORDER BY key"
            ),
            lock: format!("SELECT pg_advisory_xact_lock(hashtextextended('{table} ' || $1, 0))"),
        }
    }
}

impl SchemaView {
    pub(super) fn over(connection: Connection, schema: Identifier, drive: Arc<Drive>) -> Self {
        Self {
            tx: Tx::over(connection),
            texts: Texts::of(&schema),
            schema,
            beginning: Mutex::new(None),
            number: String::new(),
            has_point: false,
            is_open: false,
            _drive: drive,
        }
    }

    /// Waits until the transaction has begun.
    async fn begun(&mut self) -> Result<(), Error> {
        let slot = self.beginning.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(beginning) = slot {
            let number = beginning.await;
            *slot = None;
            self.number = number?;
        }
        Ok(())
    }

    /// Returns statements that fail, and so keep those behind them from running, unless the transaction is the one that the
    /// view began.
    fn guarded(&self, statements: &str) -> String {
        format!(
            "SELECT CASE WHEN pg_current_xact_id() = '{}'::xid8 THEN 0 ELSE ('{ENDED} ' || pg_current_xact_id())::int4 END; \
             {statements}",
            self.number
        )
    }

    /// Runs statements of the library in the transaction of the view.
    async fn run_guarded(&mut self, statements: &str) -> Result<(), DriverError> {
        self.tx.batch_execute(&self.guarded(statements)).await
    }

    async fn send(&self, doing: &'static str, sql: &str, values: [&str; 3]) -> Result<(), Error> {
        let [key, value, number] = &values;
        let sent = self.tx.send(sql, &[key, value, number], Expected::Own).await;
        sent.map_err(|cause| Late::new(cause).into_error(doing))
    }

    async fn read(&mut self, prefix: &str) -> Result<Vec<(String, String)>, Error> {
        let rows = self
            .tx
            .read(&self.texts.list, &[&prefix])
            .await
            .map_err(failure::of("read the keys of a view"))?;
        let pair = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter()
            .map(pair)
            .collect::<Result<_, DriverError>>()
            .map_err(failure::of("read the keys of a view"))
    }

    async fn make(&mut self, statements: &str) -> Result<Vec<Object>, DriverError> {
        let before = objects::all(&self.tx, &self.schema).await?;
        self.tx.batch_execute(statements).await?;
        let after = objects::all(&self.tx, &self.schema).await?;
        let is_new = |object: &Object| before.iter().all(|known| known.object != *object);
        Ok(after.into_iter().map(|found| found.object).filter(is_new).collect())
    }
}

impl fmt::Debug for SchemaView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaView").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl View for SchemaView {
    type Tx = Tx;

    const IS_LATE: bool = true;

    fn tx(&self) -> &Tx {
        &self.tx
    }

    /// Sends the beginning; the first call of the transaction takes the answer.
    async fn begin(&mut self) -> Result<(), Error> {
        const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_current_xact_id()";
        let connection = Arc::clone(self.tx.connection());
        let mut beginning: Beginning = Box::pin(async move {
            let failed = failure::of("begin to write a view");
            let answer = connection.client().simple_query(BEGIN).await.map_err(failed)?;
            let number = answer.iter().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten().map(str::to_owned),
                _ => None,
            });
            number.ok_or_else(no_number)
        });
        self.tx.forget_sent();
        (self.is_open, self.has_point) = (true, false);
        if let Poll::Ready(number) = beginning.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            self.number = number?;
        } else {
            *self.beginning.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(beginning);
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.begun().await?;
        self.tx.settle().await.map_err(|late| late.into_error("commit a view"))?;
        self.run_guarded("COMMIT").await.map_err(failure::of_commit)?;
        self.is_open = false;
        Ok(())
    }

    async fn roll_back(&mut self) -> Result<(), Error> {
        *self.beginning.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
        self.tx.forget_sent();
        if std::mem::take(&mut self.is_open) {
            self.tx.batch_execute("ROLLBACK").await.map_err(failure::of("roll a view back"))?;
        }
        Ok(())
    }

    async fn save_point(&mut self) -> Result<(), Error> {
        const DOING: &str = "set a point in a view";
        self.begun().await?;
        self.tx.settle().await.map_err(|late| late.into_error(DOING))?;
        // From here on, each statement is awaited.
        self.tx.sent().is_careful = true;
        let set =
            if self.has_point { "RELEASE SAVEPOINT es_view; SAVEPOINT es_view" } else { "SAVEPOINT es_view" };
        self.run_guarded(set).await.map_err(failure::of(DOING))?;
        self.has_point = true;
        Ok(())
    }

    async fn back_to_save_point(&mut self) -> Result<(), Error> {
        self.tx.batch_execute("ROLLBACK TO SAVEPOINT es_view").await.map_err(failure::of("undo a handler"))
    }

    async fn run(&mut self, statements: &str) -> Result<Vec<Object>, Error> {
        self.begun().await?;
        self.make(statements).await.map_err(failure::of("make the tables of a view"))
    }

    async fn get(&mut self, key: &str) -> Result<Option<String>, Error> {
        const DOING: &str = "read the place of a view";
        let slot = self.beginning.get_mut().unwrap_or_else(PoisonError::into_inner);
        let number = async {
            match slot {
                Some(beginning) => beginning.await.map(Some),
                None => Ok(None),
            }
        };
        // Both are on their way before the first answer.
        let (number, rows) = join(number, self.tx.read(&self.texts.get, &[&key])).await;
        *slot = None;
        if let Some(number) = number? {
            self.number = number;
        }
        let mut rows = rows.map_err(failure::of(DOING))?;
        if rows.is_empty() {
            // The statement may have waited for a transaction that removed the key and set it again. It sees only the removal;
            // another statement sees the new row.
            rows = self.tx.read(&self.texts.get, &[&key]).await.map_err(failure::of(DOING))?;
        }
        rows.first().map(|row| row.try_get(0)).transpose().map_err(failure::of(DOING))
    }

    async fn put(&mut self, key: &str, value: &str) -> Result<(), Error> {
        self.begun().await?;
        self.send("write the place of a view", &self.texts.put, [key, value, &self.number]).await
    }

    async fn remove(&mut self, key: &str) -> Result<(), Error> {
        self.begun().await?;
        let removed = self.tx.send(&self.texts.remove, &[&key], Expected::Any).await;
        removed.map_err(|cause| Late::new(cause).into_error("remove a key of a view"))
    }

    /// Of two transactions that find nothing, the second waits for the end of the first: they may be about to make it.
    async fn list(&mut self, prefix: &str) -> Result<Vec<(String, String)>, Error> {
        self.begun().await?;
        let found = self.read(prefix).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        self.tx
            .read(&self.texts.lock, &[&prefix])
            .await
            .map_err(failure::of("wait for another start of a view"))?;
        self.read(prefix).await
    }

    fn passing(error: &BoxError) -> Option<Error> {
        failure::passing(&**error)
    }

    fn is_late(error: &Error) -> bool {
        failure::is_late(error)
    }
}
