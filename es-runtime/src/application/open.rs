use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::hook::{Hooks, OnError, SavedCommit};
use super::{Application, Shared};
use crate::aggregate::Aggregate;
use crate::error::{Error, ErrorKind};
use crate::id::Name;
use crate::log;
use crate::mapper::Mapper;
use crate::projection::Projections;
use crate::recorder::{self, DynApplicationRecorder, DynSnapshotRecorder, Opened, Opening, Tables};
use crate::registry::Registry;
use crate::standalone::HandlerResult;
use crate::store::{Cache, EventStore, Repository, SnapshotStore, Snapshotting};
use crate::wait::{Retry, unblock};

/// A builder that opens an application.
///
/// ```standalone_crate
/// use es_runtime::{Application, Wait, recorder::Tables};
///
/// let app = Application::builder("sqlite::memory:").tables(Tables::with_prefix("bank")?).open().wait()?;
/// # let _ = app;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[must_use]
pub struct Builder {
    source: Source,
    name: Option<Name>,
    mapper: Mapper,
    tables: Tables,
    snapshots: Snapshots,
    on_error: Option<Box<OnError>>,
    snapshotting: Snapshotting,
    cache: Option<Cache>,
    hooks: Hooks,
    retry: Retry,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URI is left out: it may hold a password.
        f.debug_struct("Builder")
            .field("mapper", &self.mapper)
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}

/// The place of the events.
enum Source {
    /// A SQLite file.
    File(PathBuf),
    Uri {
        uri: String,
        /// The environment variable that held the URI, for messages.
        variable: Option<String>,
    },
    Recorder(Arc<dyn DynApplicationRecorder>),
}

/// The place of the snapshots.
enum Snapshots {
    None,
    /// The place of the events.
    Beside,
    In(Arc<dyn DynSnapshotRecorder>),
}

impl Builder {
    pub(super) fn new(uri: String) -> Self {
        Self::of(Source::Uri { uri, variable: None })
    }

    /// Makes a builder for the URI that an environment variable holds.
    pub(super) fn at_variable(variable: String, uri: String) -> Self {
        Self::of(Source::Uri { uri, variable: Some(variable) })
    }

    pub(super) fn on(recorder: Arc<dyn DynApplicationRecorder>) -> Self {
        Self::of(Source::Recorder(recorder))
    }

    /// Makes a builder for a SQLite file, which `open` creates if it does not exist.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "sqlite")] {
    /// use es_runtime::application::Builder;
    /// use es_runtime::store::Cache;
    ///
    /// let builder = Builder::file("bank.db").cache(Cache::of(10_000));
    /// # drop(builder);
    /// # }
    /// ```
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Source::File(path.into()))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            name: None,
            mapper: Mapper::new(),
            tables: Tables::default(),
            snapshots: Snapshots::None,
            on_error: None,
            snapshotting: Snapshotting::default(),
            cache: None,
            hooks: Hooks::default(),
            retry: Retry::new(),
        }
    }

    /// Sets the name of the application: readers of its log keep their places under this name.
    ///
    /// ```standalone_crate
    /// use es_runtime::{Application, Wait};
    ///
    /// let app = Application::builder("memory:").name("bank".try_into()?).open().wait()?;
    /// assert!(app.name().is_some_and(|name| *name == "bank"));
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn name(mut self, name: Name) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets the mapper: codec, compressor, cipher.
    pub fn mapper(mut self, mapper: Mapper) -> Self {
        self.mapper = mapper;
        self
    }

    /// Sets the names of the tables, for several applications in one database.
    pub fn tables(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }

    /// Adds a cache, which keeps recently loaded or saved states in memory.
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Keeps snapshots, and loads from them: those taken on demand, and those of [`snapshot_every`].
    ///
    /// [`snapshot_every`]: Self::snapshot_every
    pub fn snapshots(mut self) -> Self {
        if let Snapshots::None = self.snapshots {
            self.snapshots = Snapshots::Beside;
        }
        self
    }

    /// Keeps snapshots in a recorder of your own.
    pub fn snapshots_in(mut self, recorder: Arc<dyn DynSnapshotRecorder>) -> Self {
        self.snapshots = Snapshots::In(recorder);
        self
    }

    /// Takes a snapshot of an aggregate at each version that is a multiple of `events`, and never for 0. A save that
    /// passes several such versions takes a snapshot of each. If event methods call other code, and that code changes
    /// but they do not, raise `#[aggregate(snapshot_version = ..)]`: see [`store`](crate::store).
    pub fn snapshot_every<A: Aggregate>(mut self, events: u64) -> Self {
        self.snapshotting.every.insert(A::NAME, events);
        self.snapshots()
    }

    /// Takes snapshots like [`snapshot_every`](Self::snapshot_every) of each aggregate without a number of its own; 0
    /// is never.
    pub fn snapshot_every_aggregate(mut self, events: u64) -> Self {
        self.snapshotting.usual = Some(events);
        self.snapshots()
    }

    /// Calls `report` with the error of a snapshot that could not be taken or read. The save succeeds all the same, and
    /// the application loads the aggregate from its events.
    pub fn on_snapshot_error(mut self, report: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(report));
        self
    }

    /// Sets the retry of [`Application::execute`] after a conflict: the number of attempts, and the waits between them.
    /// The default is [`Retry::new`].
    ///
    /// ```standalone_crate
    /// use std::time::Duration;
    ///
    /// use es_runtime::wait::Retry;
    /// use es_runtime::{Application, Wait};
    ///
    /// let retry = Retry::new().attempts(20).wait(Duration::from_millis(1)).jitter(1.0);
    /// let app = Application::builder("memory:").retry(retry).open().wait()?;
    /// # let _ = app;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Adds a hook, which the application calls with each commit it has stored, on the thread that saved, before the
    /// save returns.
    ///
    /// The hook sees the commits that [`save`](Application::save), [`execute`](Application::execute) and
    /// [`execute_once`](Application::execute_once) stored, but not those of another caller under the same commit id. A
    /// hook never fails the save: the application reports its error or panic to [`on_hook_error`](Self::on_hook_error)
    /// and, with the feature `tracing`, as a warning. The application calls a hook at most once for a commit. It does
    /// not call the hook if the process ends in between, or if the caller drops the future of a save and does not save
    /// again.
    ///
    /// Hooks of two saves of one aggregate may run out of the order of their versions, since each runs on the thread of
    /// its save. A reader that must not miss an event, or needs the events in order, reads the log.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Envelope, Recorded, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// use es_runtime::application::SavedCommit;
    /// use es_runtime::standalone::Bus;
    ///
    /// let bus = Bus::<Recorded<AccountEvent>>::new();
    /// bus.subscribe_to(|deposited: &Deposited, _: &Envelope| println!("{} came in", deposited.amount)).forget();
    ///
    /// let publish = move |saved: &SavedCommit| {
    ///     let events: Vec<_> = saved.events::<Account>().cloned().collect();
    ///     bus.publish(&events)
    /// };
    /// let app = Application::builder("memory:").on_saved(publish).open().wait()?;
    /// let mut account = Account::open();
    /// account.deposit(10);
    /// app.save(&mut account).wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn on_saved<R: HandlerResult>(
        mut self,
        hook: impl Fn(&SavedCommit) -> R + Send + Sync + 'static,
    ) -> Self {
        self.hooks.saved.push(Box::new(move |saved| hook(saved).into_result()));
        self
    }

    /// Calls `report` with the error of a hook that failed. For a hook that panicked, the error has the kind
    /// [`ErrorKind::Invalid`].
    pub fn on_hook_error(mut self, report: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.hooks.failed = Some(Box::new(report));
        self
    }

    /// Opens the application.
    ///
    /// # Errors
    ///
    /// As [`Application::open`].
    pub async fn open(self) -> Result<Application, Error> {
        let app = unblock(move || {
            // If two aggregates had one name, the store would read events of one as events of the other.
            Registry::global()?;
            let Opened { events, snapshots, close } = self.store()?;
            let store = EventStore::new(self.mapper, Arc::clone(&events) as _)?;
            let log = log::Source::new(store.clone(), events);
            let mut repository = Repository::new(store).with_snapshotting(self.snapshotting);
            if let Some(snapshots) = snapshots {
                let mut snapshots = SnapshotStore::new(snapshots);
                if let Some(report) = self.on_error {
                    snapshots = snapshots.on_snapshot_error(report);
                }
                repository = repository.with_snapshots(snapshots);
            }
            if let Some(cache) = self.cache {
                repository = repository.with_cache(cache);
            }
            let (hooks, projections) = (self.hooks, Projections::default());
            let shared = Shared { name: self.name, repository, log, hooks, projections, close };
            Ok::<_, Error>(Application::over(shared, self.retry))
        })
        .await?;
        app.store().check_keys().await?;
        Ok(app)
    }

    fn store(&self) -> Result<Opened, Error> {
        let mut opened = match &self.source {
            Source::Uri { uri, variable } => {
                recorder::open(uri, &self.opening()).map_err(|error| match variable {
                    Some(variable) => error.about(&format!("the environment variable `{variable}`")),
                    None => error,
                })?
            }
            Source::File(path) => recorder::open_file(path, &self.opening())?,
            Source::Recorder(recorder) => {
                if let Snapshots::Beside = self.snapshots {
                    return Err(Error::new(
                        ErrorKind::Config,
                        "snapshots of events in a recorder of your own need one, too; name it with `snapshots_in`",
                    ));
                }
                Opened { events: Arc::clone(recorder), snapshots: None, close: Box::new(|| {}) }
            }
        };
        if let Snapshots::In(recorder) = &self.snapshots {
            opened.snapshots = Some(Arc::clone(recorder));
        }
        Ok(opened)
    }

    /// Returns whether the snapshots stand beside the events.
    const fn keeps_beside(&self) -> bool {
        matches!(self.snapshots, Snapshots::Beside)
    }

    fn opening(&self) -> Opening<'_> {
        let columns = self.mapper.columns().collect();
        Opening { tables: &self.tables, columns, keeps_snapshots: self.keeps_beside() }
    }
}
