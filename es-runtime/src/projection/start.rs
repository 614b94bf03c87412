use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::driver::{Blocks, Polls};
use super::handle::Handle;
use super::inline::{self, Keep};
use super::memory::Memory;
use super::parked::check_none_parked;
use super::plan::Plan;
use super::prepare::Prepared;
use super::rebuild::{Rebuilding, catch_up, rebuild_first};
use super::registered::Projections;
use super::runner::Runner;
use super::status::Status;
use super::way::{DatabaseWay, InMemoryWay};
use super::{Async, BatchSize, Blocking, InMemory, OnChange, OnFailure, Projection, Rules, RunnerState};
use crate::error::{Error, ErrorKind};
use crate::id::{Name, Slice};
use crate::log::Source;
use crate::view::{OpenView, View};
use crate::wait::Wait;

/// A projection before its start: see [`Application::project`](crate::Application::project).
#[must_use = "a projection does nothing before it starts"]
pub struct Project<P> {
    projection: P,
    source: Source,
    upstream: Option<Name>,
    projections: Projections,
    rules: Rules,
    workers: u16,
}

impl<P> fmt::Debug for Project<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Project")
            .field("rules", &self.rules)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl<P: Projection> Project<P> {
    pub(crate) const fn new(
        projection: P,
        source: Source,
        upstream: Option<Name>,
        projections: Projections,
    ) -> Self {
        Self { projection, source, upstream, projections, rules: Rules::new(), workers: 1 }
    }

    /// Sets the choice after an event that cannot be handled; [`OnFailure::Stop`] by default.
    pub const fn on_failure(mut self, choice: OnFailure) -> Self {
        self.rules.on_failure = choice;
        self
    }

    /// Sets the choice if the code of the projection has changed since the rows of its view were made;
    /// [`OnChange::Refuse`] by default.
    pub const fn on_change(mut self, choice: OnChange) -> Self {
        self.rules.on_change = choice;
        self
    }

    /// Sets the size of the batches that the view takes in one transaction.
    pub const fn batch(mut self, size: BatchSize) -> Self {
        self.rules.size = size;
        self
    }

    /// Divides the aggregates among so many workers, 1 to 1,024, each with a connection of its own. The events of one
    /// aggregate stay in order. A view in memory always has one.
    ///
    /// The number can change only while all workers stand at one place: let them [`drain`](Handle::drain) first.
    pub const fn workers(mut self, workers: u16) -> Self {
        self.workers = match workers {
            0 => 1,
            many if many > Slice::COUNT => Slice::COUNT,
            workers => workers,
        };
        self
    }

    /// Sets how often the runner looks whether another process, which does the work, still moves on; 500 milliseconds by
    /// default. After three looks without progress it takes over. Two processes never apply an event twice, whatever the
    /// time.
    pub const fn look_every(mut self, time: Duration) -> Self {
        self.rules.look = time;
        self
    }

    /// Keeps the view in memory. Each start begins with the first event of the log.
    pub fn in_memory(self) -> ProjectIn<Memory<P>>
    where
        P: InMemory,
    {
        let Self { projection, source, upstream, projections, mut rules, .. } = self;
        rules.on_change = OnChange::Refuse;
        let way = Box::new(InMemoryWay::new(projection));
        ProjectIn::new(Plan { way, source, upstream, projections, rules, workers: 1 })
    }

    /// Keeps the view in a SQLite file, which the start creates if it does not exist.
    #[cfg(feature = "sqlite")]
    pub fn in_file(self, path: impl Into<std::path::PathBuf>) -> ProjectIn<crate::view::sqlite::File>
    where
        P: Blocking<Tx = crate::view::sqlite::Tx>,
    {
        self.in_blocking_view(crate::view::sqlite::File::new(path))
    }

    /// Keeps the view in the SQLite file of the events, within the transactions that store them: a saved event is in the
    /// view at once, and no runner works.
    ///
    /// - A save whose events a handler does not take fails as [`Invalid`](ErrorKind::Invalid), and stores nothing.
    /// - Every process that saves has to keep the view. The events of one that does not come into the view with the next
    ///   save of one that does, or when a handle [waits](Handle::caught_up).
    /// - Rows and place are those of a view [in a file](Self::in_file), so a projection can change between the two. The
    ///   start handles the log up to its head.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "sqlite")] {
    /// # use es_runtime::{Application, Wait, aggregate, mutator, projection};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// use es_runtime::view::{Result, sqlite::Tx};
    ///
    /// struct Count;
    ///
    /// #[projection(Account, ..)]
    /// impl Count {
    ///     const TABLES: &str = "CREATE TABLE count (accounts INTEGER NOT NULL); INSERT INTO count VALUES (0)";
    ///
    ///     #[event]
    ///     fn opened(_: &Opened, tx: &Tx) -> Result {
    ///         tx.run_one("UPDATE count SET accounts = accounts + 1", [])
    ///     }
    /// }
    ///
    /// # let folder = std::env::temp_dir().join(format!("inline-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).ok();
    /// # let file = folder.join("bank.db");
    /// let app = Application::open_file(file).wait()?;
    /// let count = app.project(Count).inline()?.start().wait()?;
    /// app.save(&mut Account::open()).wait()?;
    /// let rows = count.connect()?;
    /// let accounts: i64 = rows.query_row("SELECT accounts FROM count", [], |row| row.get(0))?;
    /// assert_eq!(accounts, 1);
    /// # drop((app, count, rows));
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the events are not in a SQLite file.
    #[cfg(feature = "sqlite")]
    pub fn inline(self) -> Result<ProjectIn<crate::view::sqlite::File>, Error>
    where
        P: Blocking<Tx = crate::view::sqlite::Tx>,
    {
        let Self { projection, source, upstream, projections, rules, workers } = self;
        let projection = Arc::new(projection);
        let (file, keep) = inline::sqlite::in_file(&projection, &source)?;
        let way = Box::new(DatabaseWay::<Blocks, P, _>::new(projection, file));
        let plan = Plan { way, source, upstream, projections, rules, workers };
        Ok(ProjectIn { plan, keep: Some(keep) })
    }

    /// Keeps the view in a schema of a PostgreSQL database, which the start creates if it does not exist.
    ///
    /// ```no_run,standalone_crate
    /// # use es_runtime::{Id, aggregate, mutator, projection};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// # pub struct Accounts;
    /// # #[projection(Account, ..)]
    /// # impl Accounts {
    /// #     const TABLES: &str = "CREATE TABLE accounts (id uuid PRIMARY KEY)";
    /// #     #[event]
    /// #     async fn opened(_: &Opened, id: Id<Account>, tx: &es_runtime::view::postgres::Tx) -> es_runtime::view::Result {
    /// #         tx.run("INSERT INTO accounts VALUES ($1)", &[&id]).await
    /// #     }
    /// # }
    /// use es_runtime::view::postgres::Schema;
    /// use es_runtime::{Application, Wait};
    ///
    /// let uri = "postgresql://localhost/bank";
    /// let app = Application::open(uri).wait()?;
    /// let accounts = app.project(Accounts).in_schema(Schema::at(uri, "accounts")?).start().wait()?;
    /// accounts.caught_up().wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[cfg(feature = "postgres")]
    pub fn in_schema(self, schema: crate::view::postgres::Schema) -> ProjectIn<crate::view::postgres::Schema>
    where
        P: Async<Tx = crate::view::postgres::Tx>,
    {
        self.in_view(schema)
    }

    /// Keeps the view in a schema of the PostgreSQL database of the events, within the transactions that store them: a saved
    /// event is in the view at once, and no runner works.
    ///
    /// - A save whose events a handler does not take fails as [`Invalid`](ErrorKind::Invalid), and stores nothing.
    /// - Of all processes that keep the view, one saves after the other: each transaction holds the place of the view.
    ///   Within a process, saves that wait share one transaction.
    /// - Every process that saves has to keep the view. The events of one that does not come into the view with the next
    ///   save of one that does, or when a handle [waits](Handle::caught_up).
    /// - Rows and place are those of a view [in a schema](Self::in_schema), so a projection can change between the two. The
    ///   start handles the log up to its head.
    ///
    /// ```no_run,standalone_crate
    /// # use es_runtime::{Id, aggregate, mutator, projection};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// # pub struct Accounts;
    /// # #[projection(Account, ..)]
    /// # impl Accounts {
    /// #     const TABLES: &str = "CREATE TABLE accounts (id uuid PRIMARY KEY)";
    /// #     #[event]
    /// #     async fn opened(_: &Opened, id: Id<Account>, tx: &es_runtime::view::postgres::Tx) -> es_runtime::view::Result {
    /// #         tx.run("INSERT INTO accounts VALUES ($1)", &[&id]).await
    /// #     }
    /// # }
    /// use es_runtime::{Application, Wait};
    ///
    /// let app = Application::open("postgresql://localhost/bank").wait()?;
    /// let _accounts = app.project(Accounts).inline_in_schema("accounts")?.start().wait()?;
    /// app.save(&mut Account::open()).wait()?;
    /// // The account is in the view now.
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the events are not in PostgreSQL, or are reached through a pooler.
    #[cfg(feature = "postgres")]
    pub fn inline_in_schema(self, schema: &str) -> Result<ProjectIn<crate::view::postgres::Schema>, Error>
    where
        P: Async<Tx = crate::view::postgres::Tx>,
    {
        let Self { projection, source, upstream, projections, rules, workers } = self;
        let projection = Arc::new(projection);
        let (schema, keep) = inline::postgres::in_schema(&projection, &source, schema)?;
        let way = Box::new(DatabaseWay::<Polls, P, _>::new(projection, schema));
        let plan = Plan { way, source, upstream, projections, rules, workers };
        Ok(ProjectIn { plan, keep: Some(keep) })
    }

    /// Keeps the view in a database of your own with a blocking driver.
    pub fn in_blocking_view<O: OpenView + Clone>(self, open: O) -> ProjectIn<O>
    where
        P: Blocking<Tx = <O::View as View>::Tx>,
    {
        let Self { projection, source, upstream, projections, rules, workers } = self;
        let way = Box::new(DatabaseWay::<Blocks, P, O>::new(Arc::new(projection), open));
        ProjectIn::new(Plan { way, source, upstream, projections, rules, workers })
    }

    /// Keeps the view in a database of your own with an async driver.
    pub fn in_view<O: OpenView + Clone>(self, open: O) -> ProjectIn<O>
    where
        P: Async<Tx = <O::View as View>::Tx>,
        O::View: Sync,
        <O::View as View>::Tx: Sync,
    {
        let Self { projection, source, upstream, projections, rules, workers } = self;
        let way = Box::new(DatabaseWay::<Polls, P, O>::new(Arc::new(projection), open));
        ProjectIn::new(Plan { way, source, upstream, projections, rules, workers })
    }
}

/// A projection with its view before its start.
#[must_use = "a projection does nothing before it starts"]
pub struct ProjectIn<V> {
    plan: Plan<V>,
    /// The way to keep the view without a runner, for an inline view.
    keep: Option<Keep>,
}

impl<V> ProjectIn<V> {
    const fn new(plan: Plan<V>) -> Self {
        Self { plan, keep: None }
    }
}

impl<V> fmt::Debug for ProjectIn<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { rules, workers, .. } = &self.plan;
        f.debug_struct("ProjectIn").field("rules", rules).field("workers", workers).finish_non_exhaustive()
    }
}

impl<V: Clone + Send + Sync + 'static> ProjectIn<V> {
    /// Opens the view, and makes its tables at the first start. The returned [`Runner`] does the work, as a future of
    /// yours. For an inline view the store does the work, and the future only waits for the end.
    ///
    /// # Errors
    ///
    /// [`Schema`](ErrorKind::Schema) if the code of the projection has changed: see [`OnChange`].
    /// [`Config`](ErrorKind::Config) for another number of workers, unless all stand at one place; for an application with
    /// data keys, if the projection has `#[discarded]` and no `#[forgotten]`; for an inline view with `workers`, with
    /// `on_failure`, or with parked events. Those of the database.
    pub async fn open(self) -> Result<Runner<V>, Error> {
        let Self { plan, keep } = self;
        if keep.is_some() {
            inline::check(plan.way.name(), plan.rules, plan.workers)?;
        }
        if plan.source.has_data_keys() {
            plan.way.check_forgotten()?;
        }
        let keys = plan.keys()?;
        if plan.way.prepare(keys.clone(), plan.rules).await? == Prepared::Changed {
            rebuild_first(&plan, &keys).await?;
            plan.way.prepare(keys.clone(), Rules { on_change: OnChange::Refuse, ..plan.rules }).await?;
        }
        let status = Status::new(plan.way.name(), keys.len());
        let tools = keys.first().cloned().map(|keys| plan.way.tools(keys, plan.source.clone()));
        let nudge = match keep.zip(keys.first().cloned()) {
            Some((keep, first)) => {
                check_none_parked(plan.way.name(), tools.as_deref()).await?;
                // The store handles what is left, while nobody can save.
                catch_up(&plan, plan.source.newest().await?, &|_| ()).await?;
                status.enter(0, RunnerState::Running, None);
                Some(keep(first, Arc::clone(&status)).await?)
            }
            None => None,
        };
        plan.projections.add(&status, nudge.clone());
        let has_runner = nudge.is_none();
        let workers = if has_runner { plan.workers(&status, keys) } else { Vec::new() };
        let handle = Handle { status, source: plan.source, view: plan.way.access(), tools, nudge };
        Ok(Runner::new(workers, handle))
    }

    /// Makes the view anew from the beginning of the log, beside the old rows, which serve meanwhile. Then the new rows
    /// take their place, in one transaction. The projection may run meanwhile, in this process and in others.
    ///
    /// A rebuild that was dropped, or whose process ended, goes on where it stopped when it is started again. To give it
    /// up, call [`clear_rebuild`](Self::clear_rebuild).
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "sqlite")] {
    /// # use es_runtime::{Application, Wait, aggregate, mutator, projection};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// use es_runtime::view::{Result, sqlite::Tx};
    ///
    /// struct Count;
    ///
    /// #[projection(Account, ..)]
    /// impl Count {
    ///     const TABLES: &str = "CREATE TABLE count (accounts INTEGER NOT NULL); INSERT INTO count VALUES (0)";
    ///
    ///     #[event]
    ///     fn opened(_: &Opened, tx: &Tx) -> Result {
    ///         tx.run_one("UPDATE count SET accounts = accounts + 1", [])
    ///     }
    /// }
    ///
    /// # let folder = std::env::temp_dir().join(format!("rebuild-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).ok();
    /// # let file = folder.join("count.db");
    /// let app = Application::open("memory:").wait()?;
    /// let project = || app.project(Count).in_file(&file);
    /// let count = project().start().wait()?;
    /// app.save(&mut Account::open()).wait()?;
    /// project().rebuild().on_progress(|progress| println!("{} events", progress.events)).wait()?;
    /// # count.stop().wait()?;
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) for a view in memory, and for a database of your own without
    /// [`beside`](crate::view::OpenView::beside). [`InProgress`](ErrorKind::InProgress) while another process, or another
    /// call, rebuilds the view. Those of handlers, log and view: the old rows then stay.
    pub fn rebuild(self) -> Rebuilding<V> {
        let on_failure = self.plan.rules.on_failure;
        Rebuilding { plan: self.plan, on_failure, is_inline: self.keep.is_some(), report: Box::new(|_| ()) }
    }

    /// Removes the rows of a [rebuild](Self::rebuild) that was interrupted, and will not go on.
    ///
    /// # Errors
    ///
    /// [`InProgress`](ErrorKind::InProgress) while a process rebuilds the view; those of the view.
    pub async fn clear_rebuild(self) -> Result<(), Error> {
        let _claim = self.plan.way.claim().await?;
        self.plan.way.clear().await
    }

    /// Opens the view, and starts a thread for each worker. An inline view needs none.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); [`Unavailable`](ErrorKind::Unavailable) if no thread can be started.
    pub async fn start(self) -> Result<Handle<V>, Error> {
        let mut runner = self.open().await?;
        let (workers, handle) = (runner.take_workers(), runner.handle());
        for number in 0..workers.len() {
            // A handle that drains the projection waits for a thread that has yet to begin.
            handle.status.enter(number, RunnerState::Running, None);
        }
        for (number, worker) in workers.into_iter().enumerate() {
            let started = thread::Builder::new().name(format!("es-{}", handle.name())).spawn(move || {
                // The handle reports the end.
                let _ = worker.wait();
            });
            if let Err(cause) = started {
                handle.status.enter(number, RunnerState::Stopped, None);
                handle.status.stop();
                let message = format!(
                    "no thread can be started for the projection `{}`: {cause}; start fewer workers, or raise the limit of threads",
                    handle.name()
                );
                return Err(Error::new(ErrorKind::Unavailable, message).with_source(cause));
            }
        }
        Ok(handle)
    }
}
