use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::append::{Lane, write};
use super::catalog::{self, Tables as TablesOf};
use super::connection::Connection;
use super::core::{Changed, Core};
use super::engine::Engine;
use super::grants::grants;
use super::log::Log;
use super::names::schema_of;
use super::options::PostgresOptions;
use super::pool::{Call, Lease};
use super::statements::Statements;
use super::way::Way;
use super::{PostgresRecorder, check, error, schema};
use crate::error::Error;
use crate::recorder::opener::Opener;
use crate::recorder::sql::{Identifier, Needed, Tables};
use crate::wait::Wait;

/// An open database on a PostgreSQL server. Clones share its connections.
///
/// A runtime of its own has the connections, so that calls work under every executor and without one.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    core: Arc<Core>,
    schema: Identifier,
    opener: Opener,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("options", self.shared.core.way.options()).finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The connections may belong to the parent.
        if !self.opener.is_parent() {
            self.core.close();
            self.core.engine.end();
        }
    }
}

impl PostgresOptions {
    /// Connects to the database, and starts the recorder's thread. Blocks the thread for as long as that takes; in async
    /// code, call it where the executor lets threads block, such as `tokio::task::spawn_blocking`.
    ///
    /// A fork of the process has to open the database anew: it cannot use one that was open before.
    ///
    /// # Errors
    ///
    /// `Config` if the options are refused: by the server, or because this build leaves out TLS; `Unavailable` if the
    /// server cannot be reached, or is a replica.
    pub fn open(self) -> Result<Postgres, Error> {
        let schema = schema_of(self.schema.as_ref())?;
        let way = Arc::new(Way::new(self)?);
        let core = Arc::new(Core::new(way, Engine::start()?));
        let handle = core.engine.handle();
        for lane in [Lane::First, Lane::Second] {
            drop(handle.spawn(write(Arc::clone(&core), lane)));
        }
        drop(handle.spawn(keep_time((core.way.options().timeout / 2).max(Duration::from_secs(1)))));
        let shared = Shared { core, schema, opener: Opener::here() };
        let database = Postgres { shared: Arc::new(shared) };
        let core = Arc::clone(&database.shared.core);
        database.here(async move { core.lease().await.map(Lease::give_back) })?;
        Ok(database)
    }

    /// Returns the statements that make the tables of an application, for somebody who may, to run once in an empty
    /// database. Asks no server.
    ///
    /// A program then opens the database [`without_creating`](Self::without_creating), with a role that has the rights at the end of the
    /// script. They stand there as comments, by what they are for: to read and store, to renew data keys, to forget, and only
    /// to read.
    ///
    /// ```
    /// use es_runtime::recorder::{PostgresOptions, Tables};
    ///
    /// let options = PostgresOptions::new("localhost", "bank").schema("events")?;
    /// let script = options.script(&Tables::default())?;
    /// assert!(script.contains(r#"CREATE TABLE "events"."stored_events""#));
    /// assert!(script.contains(r#"-- GRANT USAGE ON SCHEMA "events" TO your_role;"#));
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Config` if two tables would have one name, or a name is too long.
    pub fn script(&self, tables: &Tables) -> Result<String, Error> {
        schema::check_names(tables)?;
        let schema = schema_of(self.schema.as_ref())?;
        let statements = Statements::new(&schema, tables, self.is_serial);
        let mut needed = statements.needed(tables);
        needed.tables.push(schema::of_snapshots(&statements.names, &tables.snapshots));
        Ok(catalog::script(&schema, &needed) + &grants(&schema, &statements.names, tables))
    }
}

impl Postgres {
    /// Returns the recorder of an application, for its events and tracking; makes the schema and the tables if they are
    /// missing. Blocks as [`open`](PostgresOptions::open) does.
    ///
    /// # Errors
    ///
    /// `Schema` if such tables exist, but are not ours, belong to a newer release, or were made for the other way to append
    /// ([`serial_appends`](PostgresOptions::serial_appends)); `Config` if two would have one name, or the server does not
    /// show its locks; `Corrupt` if the sequence of positions is behind the table.
    pub fn recorder(&self, tables: &Tables) -> Result<PostgresRecorder, Error> {
        schema::check_names(tables)?;
        let is_serial = self.shared.core.way.options().is_serial;
        let statements = Statements::new(&self.shared.schema, tables, is_serial);
        let needed = statements.needed(tables);
        let log = Arc::new(Log::new(statements));
        let checked = Arc::clone(&log);
        self.read(move |connection| {
            let log = Arc::clone(&checked);
            Box::pin(async move { check::way(connection, &log.statements.names).await })
        })
        .wait()?;
        self.prepare(&needed)?;
        let checked = Arc::clone(&log);
        self.read(move |connection| {
            let log = Arc::clone(&checked);
            Box::pin(async move { check::order(connection, &log.statements).await })
        })
        .wait()?;
        Ok(PostgresRecorder { database: self.clone(), log })
    }

    /// Closes the database. Earlier calls still finish, and the last one closes the connections; later calls fail as
    /// `Closed`. [`append_tracked_all`](crate::recorder::ProcessRecorder::append_tracked_all) may end between two of its
    /// commits.
    ///
    /// In a fork of the process it does nothing: the connections belong to the parent.
    pub fn close(&self) {
        if self.shared.opener.is_parent() {
            return;
        }
        self.shared.core.close();
    }

    pub(super) fn schema(&self) -> &Identifier {
        &self.shared.schema
    }

    /// Makes and checks tables, on this thread: a program opens a database at its start.
    pub(super) fn prepare(&self, needed: &Needed) -> Result<(), Error> {
        let (_call, core) = (self.begin()?, Arc::clone(&self.shared.core));
        let lease = self.here(async move { core.lease().await })?;
        let options = self.shared.core.way.options();
        let (connection, limit) = (lease.connection()?, options.patience());
        let tables = TablesOf { connection, schema: &self.shared.schema, limit };
        let prepared = catalog::prepare(&tables, needed, options.create);
        if prepared.is_ok() {
            lease.give_back();
        } else {
            lease.end();
        }
        prepared
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.shared.core
    }

    /// Refuses a fork of the process that opened the database.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.shared.opener.check()
    }

    /// Begins a call, unless the database is closed or belongs to the parent of this process.
    pub(super) fn begin(&self) -> Result<Call, Error> {
        self.check()?;
        self.shared.core.pool.begin()
    }

    /// Runs something in the recorder's runtime, and waits for it.
    fn here<T: Send + 'static>(
        &self,
        run: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let _call = self.begin()?;
        let engine = &self.shared.core.engine;
        engine.attend(engine.handle().spawn(run)).wait().unwrap_or_else(|_| Err(error::ended()))
    }

    /// Runs something on a connection of the pool, and gives up with the caller. It may run again if the connection is
    /// cut.
    pub(super) fn read<T, F>(&self, run: F) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Arc<Connection>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        self.on_pool(None, run)
    }

    /// Runs something on a connection of the pool to its end, even if the caller gives up meanwhile. Changes of one
    /// aggregate run in the order in which they are asked for.
    pub(super) fn change<T, F>(
        &self,
        id: Uuid,
        run: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Arc<Connection>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        self.on_pool(Some(Changed::Aggregate(id)), run)
    }

    pub(super) fn on_pool<T, F>(
        &self,
        changed: Option<Changed>,
        run: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Arc<Connection>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        let database = self.clone();
        async move {
            let call = database.begin()?;
            database.within(call, changed, run).await
        }
    }

    /// Runs something on a connection of the pool, as a part of a call.
    pub(super) async fn within<T, F>(&self, call: Call, changed: Option<Changed>, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Arc<Connection>) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        let core = Arc::clone(&self.shared.core);
        let engine = Arc::clone(&core.engine);
        let task = engine.handle().spawn(async move {
            let _call = call;
            core.on_connection(changed, run).await
        });
        let _guard = changed.is_none().then(|| Abort(task.abort_handle()));
        engine.attend(task).await.unwrap_or_else(|_| Err(error::ended()))
    }

    /// Runs something that may not run twice by accident: it learns whether an earlier attempt was cut off.
    pub(super) fn change_once<T, F>(
        &self,
        id: Uuid,
        run: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Connection, bool) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        let began = AtomicBool::new(false);
        self.change(id, move |connection| run(connection, began.swap(true, Ordering::Relaxed)))
    }
}

/// Keeps a timer that is due before the time of any call that begins now is over. A timer that is due before all others
/// wakes the thread of the connections once more; so those of the calls do not.
async fn keep_time(pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
    }
}

/// Ends a task that nobody waits for any more.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}
