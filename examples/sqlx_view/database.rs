//! A view in a PostgreSQL schema through sqlx: all that the library asks of a database.

use es_runtime::view::{self, AsyncTx, BoxError, Object, OpenView, View};
use es_runtime::{Error, ErrorKind};
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Executor, PgConnection, Postgres, query, query_as, query_scalar};
use tokio::sync::{Mutex, MutexGuard};

type Done<T = ()> = Result<T, Error>;

/// The way to a schema, whose name is a plain word.
#[derive(Clone, Debug)]
pub(crate) struct SqlxSchema {
    options: PgConnectOptions,
    name: String,
}

impl SqlxSchema {
    pub(crate) fn at(uri: &str, name: &str) -> Done<Self> {
        let options: PgConnectOptions = uri.parse().map_err(failed)?;
        let options = options.application_name(name).options([("search_path", name)]);
        Ok(Self { options, name: name.to_owned() })
    }

    pub(crate) async fn connect(&self) -> Done<PgConnection> {
        self.options.connect().await.map_err(failed)
    }
}

impl OpenView for SqlxSchema {
    type View = SqlxView;

    async fn open(&self) -> Done<SqlxView> {
        // The lock lets processes that start together make the table once.
        let make = format!(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtext('es_view')); CREATE SCHEMA IF NOT EXISTS {};
             CREATE TABLE IF NOT EXISTS es_view (key text COLLATE \"C\" PRIMARY KEY, value text NOT NULL); COMMIT",
            self.name
        );
        let mut connection = self.connect().await?;
        connection.execute(&*make).await.map_err(failed)?;
        Ok(SqlxView { tx: Tx(Mutex::new(connection)), schema: self.name.clone(), number: String::new() })
    }
}

/// The transaction that handlers write through. sqlx runs a statement on a `&mut` connection, and handlers share a `&Tx`.
pub(crate) struct Tx(Mutex<PgConnection>);

impl AsyncTx for Tx {}

impl Tx {
    /// Runs a statement with its values.
    pub(crate) async fn run(&self, statement: Query<'_, Postgres, PgArguments>) -> view::Result {
        statement.execute(&mut *self.0.lock().await).await?;
        Ok(())
    }
}

/// An open [`SqlxSchema`].
pub(crate) struct SqlxView {
    tx: Tx,
    schema: String,
    /// The number of the transaction that the view began.
    number: String,
}

impl SqlxView {
    async fn connection(&self) -> MutexGuard<'_, PgConnection> {
        self.tx.0.lock().await
    }

    async fn statements(&self, statements: &str) -> Done {
        self.connection().await.execute(statements).await.map(drop).map_err(failed)
    }
}

impl View for SqlxView {
    type Tx = Tx;

    fn tx(&self) -> &Tx {
        &self.tx
    }

    async fn begin(&mut self) -> Done {
        // One transaction at a time: so a second one waits, and then sees what the first one committed.
        let lock = format!("BEGIN; SELECT pg_advisory_xact_lock(hashtext('es_view {}'))", self.schema);
        self.statements(&lock).await?;
        let number =
            query_scalar("SELECT pg_current_xact_id()::text").fetch_one(&mut *self.connection().await).await;
        self.number = number.map_err(failed)?;
        Ok(())
    }

    async fn commit(&mut self) -> Done {
        let is_same = query_scalar("SELECT pg_current_xact_id()::text = $1").bind(&self.number);
        if !is_same.fetch_one(&mut *self.connection().await).await.map_err(failed)? {
            return Err(ended_by_hand());
        }
        // The server may have committed though its answer does not arrive.
        self.statements("COMMIT").await.map_err(|error| match error.kind() {
            ErrorKind::Unavailable => Error::new(ErrorKind::OutcomeUnknown, error.to_string()),
            _ => error,
        })
    }

    async fn roll_back(&mut self) -> Done {
        self.statements("ROLLBACK").await
    }

    async fn save_point(&mut self) -> Done {
        // A later point of the same name hides the earlier one until the end of the transaction.
        self.statements("SAVEPOINT es_view").await
    }

    async fn back_to_save_point(&mut self) -> Done {
        self.statements("ROLLBACK TO SAVEPOINT es_view").await
    }

    async fn run(&mut self, statements: &str) -> Done<Vec<Object>> {
        // This view has no `beside`, so nobody asks what the statements made.
        self.statements(statements).await.map(|()| Vec::new())
    }

    async fn get(&mut self, key: &str) -> Done<Option<String>> {
        let value = query_scalar("SELECT value FROM es_view WHERE key = $1").bind(key);
        value.fetch_optional(&mut *self.connection().await).await.map_err(failed)
    }

    async fn put(&mut self, key: &str, value: &str) -> Done {
        // Outside of the transaction of the view, the statement changes no row.
        const PUT: &str = "INSERT INTO es_view SELECT $1, $2 WHERE pg_current_xact_id()::text = $3
                           ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let put = query(PUT).bind(key).bind(value).bind(&self.number);
        match put.execute(&mut *self.connection().await).await.map_err(failed)?.rows_affected() {
            0 => Err(ended_by_hand()),
            _ => Ok(()),
        }
    }

    async fn remove(&mut self, key: &str) -> Done {
        let remove = query("DELETE FROM es_view WHERE key = $1").bind(key);
        remove.execute(&mut *self.connection().await).await.map(drop).map_err(failed)
    }

    async fn list(&mut self, prefix: &str) -> Done<Vec<(String, String)>> {
        let list =
            query_as("SELECT key, value FROM es_view WHERE starts_with(key, $1) ORDER BY key").bind(prefix);
        list.fetch_all(&mut *self.connection().await).await.map_err(failed)
    }

    fn passing(error: &BoxError) -> Option<Error> {
        let cause = error.downcast_ref::<sqlx::Error>()?;
        passes(cause).then(|| Error::new(ErrorKind::Unavailable, cause.to_string()))
    }
}

/// Returns the library's error for one of sqlx. An error that may pass is tried again.
fn failed(cause: sqlx::Error) -> Error {
    let kind = if passes(&cause) { ErrorKind::Unavailable } else { ErrorKind::Storage };
    Error::new(kind, "the database of the view failed").with_source(cause)
}

/// Returns whether an error may pass: a lost connection, a server that ends or is full, a deadlock.
fn passes(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Database(refused) => refused
            .code()
            .is_some_and(|code| ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

fn ended_by_hand() -> Error {
    Error::new(
        ErrorKind::Invalid,
        "a handler ended the transaction of its view by hand; remove the `COMMIT` or `ROLLBACK`",
    )
}
