use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use uuid::Uuid;

use super::append::{Lane, of_nothing, write};
use super::catalog::{self, Tables as TablesOf};
use super::connection::{Connection, Way};
use super::core::{Changed, Core};
use super::grants::grants;
use super::held::HeldBack;
use super::horizon::Places;
use super::in_order::Part;
use super::log::Log;
use super::names::schema_of;
use super::options::PostgresOptions;
use super::pool::{Call, Lease};
use super::queue::{Answer, Job};
use super::statements::Statements;
use super::{PostgresRecorder, check, error, forget, held, in_order, read_log, schema};
use crate::error::Error;
use crate::recorder::opener::Opener;
use crate::recorder::sql::{Identifier, Needed, Tables};
use crate::recorder::{Commit, LogPage, LogRange, Mark, Receipt, Remains, Step};
use crate::wait::{Elapsed, Slot, Wait, sleep, timeout};

/// The longest time that a reader waits without a ring before it looks again.
const LONGEST: Duration = Duration::from_secs(1);
/// The longest time that a reader waits if no ring comes from other processes.
const UNHEARD: Duration = Duration::from_millis(50);
/// The longest time that a reader waits while a writer holds back what is stored already: at first, and after a while.
const HELD_BACK: Duration = Duration::from_millis(5);
const HELD_LONG: Duration = Duration::from_millis(100);

/// An open database on a PostgreSQL server. Clones share its connections.
///
/// The connections run on a thread of the recorder, so that calls work under every executor and without one.
#[derive(Clone)]
pub struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    core: Arc<Core>,
    /// Ends the thread of the connections when it is dropped.
    thread: Option<oneshot::Sender<()>>,
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
        let thread = self.thread.take();
        if self.opener.is_parent() {
            // The connections belong to the parent.
            std::mem::forget(thread);
            return;
        }
        self.core.close();
        // Nobody waits for the thread here: an executor may drop the database.
        drop(thread);
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
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(error::no_runtime)?;
        let core = Arc::new(Core::new(way, runtime.handle().clone()));
        for lane in [Lane::First, Lane::Second] {
            drop(runtime.spawn(write(Arc::clone(&core), lane)));
        }
        drop(runtime.spawn(keep_time((core.way.options().timeout / 2).max(Duration::from_secs(1)))));
        let (thread, over) = oneshot::channel();
        let drive = move || {
            let _ = runtime.block_on(over);
            runtime.shutdown_background();
        };
        thread::Builder::new().name("es-postgres".to_owned()).spawn(drive).map_err(error::no_runtime)?;
        let shared = Shared { core, thread: Some(thread), schema, opener: Opener::here() };
        let database = Postgres { shared: Arc::new(shared) };
        let core = Arc::clone(&database.shared.core);
        database.here(async move { core.lease().await.map(Lease::give_back) })?;
        Ok(database)
    }

    /// Returns the statements that make the tables of an application, for somebody who may, to run once in an empty
    /// database. Asks no server.
    ///
    /// A program then opens the database [`without_creating`](Self::without_creating), with a role that has the rights at the end of the
    /// script. They stand there as comments, by what they are for: to read and store, to renew data keys, and to forget.
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
        Ok(catalog::script(&schema, &needed) + &grants(&schema, &statements.names))
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

    /// Begins a call, unless the database is closed or belongs to the parent of this process.
    fn begin(&self) -> Result<Call, Error> {
        self.shared.opener.check()?;
        self.shared.core.pool.begin()
    }

    /// Runs something on the recorder's thread, and waits for it.
    fn here<T: Send + 'static>(
        &self,
        run: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let _call = self.begin()?;
        self.shared.core.handle.spawn(run).wait().unwrap_or_else(|_| Err(error::ended()))
    }

    /// Runs something on a connection of the pool, and gives up with the caller. It may run again if the connection is
    /// cut.
    pub(super) fn read<T, F>(&self, run: F) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Connection) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
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
        F: for<'a> Fn(&'a Connection) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        self.on_pool(Some(Changed::Aggregate(id)), run)
    }

    fn on_pool<T, F>(
        &self,
        changed: Option<Changed>,
        run: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Connection) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        let database = self.clone();
        async move {
            let call = database.begin()?;
            database.within(call, changed, run).await
        }
    }

    /// Runs something on a connection of the pool, as a part of a call.
    async fn within<T, F>(&self, call: Call, changed: Option<Changed>, run: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'a> Fn(&'a Connection) -> BoxFuture<'a, Result<T, Error>> + Send + Sync + 'static,
    {
        let core = Arc::clone(&self.shared.core);
        let handle = core.handle.clone();
        let task = handle.spawn(async move {
            let _call = call;
            core.on_connection(changed, run).await
        });
        let _guard = changed.is_none().then(|| Abort(task.abort_handle()));
        task.await.unwrap_or_else(|_| Err(error::ended()))
    }

    pub(super) fn append(
        &self,
        log: &Arc<Log>,
        commit: Commit,
        step: Option<Step>,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            database.shared.opener.check()?;
            let core = &database.shared.core;
            if let Some(outcome) = of_nothing(&commit, step.as_ref()) {
                return if core.queue.is_closed() { Err(error::closed()) } else { outcome };
            }
            let slot = Slot::new();
            let answer = Answer::new(Arc::clone(&slot));
            let since = Instant::now();
            let until = since + core.way.options().timeout;
            core.queue.push(Job { log, commit, step, since, until, is_unknown: false, answer })?;
            poll_fn(|context| slot.poll(context)).await.unwrap_or_else(|| Err(error::ended()))
        }
    }

    /// Stores several commits with their steps, in their order, many by one statement.
    pub(super) fn append_in_order(
        &self,
        log: &Arc<Log>,
        commits: Vec<(Commit, Step)>,
    ) -> impl Future<Output = Result<Vec<Receipt>, Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let mut receipts = Vec::with_capacity(commits.len());
            for part in in_order::parts(commits) {
                let part = Arc::new(part);
                let is_unknown = match database.append_part(&log, &part).await {
                    Ok(Some(stored)) => {
                        receipts.extend(stored);
                        continue;
                    }
                    Ok(None) => false,
                    Err(error) if error.is_transient() => true,
                    Err(error) => return Err(error),
                };
                // One after the other, each gets an answer of its own, even if the statement stored it and the answer
                // was lost.
                for (commit, step) in &part.commits {
                    let appended = database.append(&log, commit.clone(), Some(step.clone())).await;
                    receipts.push(appended.map_err(|error| {
                        if is_unknown && error.is_transient() { error::unknown(&error) } else { error }
                    })?);
                }
            }
            Ok(receipts)
        }
    }

    /// Stores the commits of a part by one statement, unless each has to be tried alone.
    async fn append_part(&self, log: &Arc<Log>, part: &Arc<Part>) -> Result<Option<Vec<Receipt>>, Error> {
        if !part.is_of_several() {
            return Ok(None);
        }
        let (core, log, part) = (Arc::clone(&self.shared.core), Arc::clone(log), Arc::clone(part));
        // Parts follow each other, as their steps say.
        let changed = Changed::Reader(part.reader(&log.statements.names.events));
        let stored = self.on_pool(Some(changed), move |connection| {
            let (core, log, part) = (Arc::clone(&core), Arc::clone(&log), Arc::clone(&part));
            Box::pin(async move {
                let stored = in_order::store(connection, &log.statements, &part).await;
                if matches!(stored, Ok(Some(_))) {
                    core.tell();
                }
                stored
            })
        });
        stored.await
    }

    /// Destroys a data key and stores the notice. Empties the user's own columns, even if the key was destroyed before.
    pub(super) fn forget(
        &self,
        log: &Arc<Log>,
        id: Uuid,
        notice: Commit,
    ) -> impl Future<Output = Result<Remains, Error>> + Send + use<> {
        let (core, log) = (Arc::clone(&self.shared.core), Arc::clone(log));
        let until = Instant::now() + core.way.options().timeout;
        let done = self.change(id, move |connection| {
            let (core, log, notice) = (Arc::clone(&core), Arc::clone(&log), notice.clone());
            Box::pin(async move {
                if forget::write_over(connection, &log.statements, id, &notice, until).await? {
                    core.tell();
                }
                forget::empty_own_columns(connection, &log.statements, id).await
            })
        });
        async move { done.await.map(|()| Remains::OLD_PAGES) }
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

    /// Reads a page of the log.
    pub(super) fn read_log(
        &self,
        log: &Arc<Log>,
        range: LogRange,
    ) -> impl Future<Output = Result<LogPage, Error>> + Send + use<> {
        let (database, log, range) = (self.clone(), Arc::clone(log), Arc::new(range));
        async move {
            let call = database.begin()?;
            let (at_once, whole) = (Arc::clone(&log), Arc::clone(&range));
            let page = database.within(call.part(), None, move |connection| {
                let (log, range) = (Arc::clone(&at_once), Arc::clone(&whole));
                Box::pin(async move { read_log::at_once(connection, &log, &range).await })
            });
            if let Some(page) = page.await? {
                return Ok(page);
            }
            let page = database.within(call, None, move |connection| {
                let (log, range) = (Arc::clone(&log), Arc::clone(&range));
                Box::pin(async move { read_log::by_parts(connection, &log, &range).await })
            });
            page.await
        }
    }

    /// Returns the newest event, and the place up to which the log is complete.
    async fn look(&self, log: &Arc<Log>, call: &Call) -> Result<Places, Error> {
        let (core, log, call) = (Arc::clone(&self.shared.core), Arc::clone(log), call.part());
        let (handle, looks) = (core.handle.clone(), Arc::clone(&log.looks));
        let look = move || {
            let (core, log, call) = (Arc::clone(&core), Arc::clone(&log), call.part());
            async move {
                let _call = call;
                let look = core.on_connection(None, |connection| {
                    let log = Arc::clone(&log);
                    Box::pin(async move { log.horizon.look(connection, &log.statements).await })
                });
                look.await
            }
        };
        looks.ask(&handle, look).await
    }

    /// Reads who holds readers back.
    pub(super) fn held_back(
        &self,
        log: &Arc<Log>,
    ) -> impl Future<Output = Result<Option<HeldBack>, Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let call = database.begin()?;
            database.who_holds_back(&log, call).await
        }
    }

    async fn who_holds_back(&self, log: &Arc<Log>, call: Call) -> Result<Option<HeldBack>, Error> {
        let log = Arc::clone(log);
        let read = self.within(call, None, move |connection| {
            let log = Arc::clone(&log);
            Box::pin(async move { held::read(connection, &log).await })
        });
        read.await
    }

    /// Waits until the log is complete up to a place.
    pub(super) fn reach(
        &self,
        log: &Arc<Log>,
        mark: Mark,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let call = database.begin()?;
            let has =
                |reached: Option<Mark>| reached.is_some_and(|known| known.position() >= mark.position());
            if has(log.horizon.reached()) {
                return Ok(());
            }
            let limit = database.shared.core.way.options().timeout;
            let began = Instant::now();
            let mut pause = Duration::from_micros(200);
            loop {
                let (newest, reached) = database.look(&log, &call).await?;
                if has(reached) {
                    return Ok(());
                }
                if !has(newest) {
                    return Err(error::beyond_the_end(mark));
                }
                if began.elapsed() > limit {
                    let held = database.who_holds_back(&log, call.part()).await?;
                    return Err(held::too_long(mark, limit, held.as_ref()));
                }
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(20));
            }
        }
    }

    /// Waits until there may be events after a place.
    pub(super) fn beyond(
        &self,
        log: &Arc<Log>,
        after: Option<Mark>,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (database, log) = (self.clone(), Arc::clone(log));
        async move {
            let call = database.begin()?;
            database.shared.core.begin_to_watch();
            let (began, core) = (Instant::now(), &database.shared.core);
            loop {
                // Listens before the look, so that it misses no commit between the two.
                let heard = core.bell.listen();
                let (newest, reached) = database.look(&log, &call).await?;
                let held_for = log.horizon.held_for(newest != reached);
                if log.horizon.is_held_too_long()
                    && let Ok(Some(held)) = database.who_holds_back(&log, call.part()).await
                {
                    held.tell();
                }
                // A mark of another process may be ahead.
                if reached.map(Mark::position) > after.map(Mark::position) {
                    return Ok(());
                }
                // Another process may release what it holds back, and its ring may be lost.
                let longest = match held_for {
                    Some(lasts) => (lasts / 4).clamp(HELD_BACK, HELD_LONG),
                    None if core.way.options().is_pooled => UNHEARD,
                    None => LONGEST,
                };
                let _: Result<(), Elapsed> = timeout(longest, heard).await;
                if held_for.is_none() || began.elapsed() > LONGEST {
                    return Ok(());
                }
            }
        }
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
