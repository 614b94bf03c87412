//! The application, the entry point of a program: it opens a store, saves and loads aggregates, and runs commands.

mod hook;
mod loose;
mod batch;
mod check;
mod targets;
mod project;
mod turns;
mod command;
mod execute;
mod save;
mod open;
mod environment;
mod ids;
mod load;
mod snapshots;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub use self::batch::{Batch, IntoBatch};
pub use self::command::{CommandResult, Execute};
use self::hook::Hooks;
pub use self::hook::SavedCommit;
pub use self::ids::Ids;
pub use self::loose::AppendTo;
pub use self::open::Builder;
pub use self::save::Save;
pub use self::targets::{Find, Runs, RunsAsync, Target, Targets};
use crate::aggregate::Aggregate;
use crate::error::Error;
use crate::event::Metadata;
use crate::id::{Id, Name};
use crate::log::Source;
use crate::observe;
use crate::projection::Projections;
use crate::recorder::{DynApplicationRecorder, Mark, Receipt, Remains};
use crate::store::{EventStore, Repository};
use crate::wait::Retry;

/// An open store, with everything needed to save and load aggregates. Clones share the store.
///
/// ```standalone_crate
/// use es_runtime::{Application, Wait, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
///
/// let app = Application::open("memory:").wait()?;
/// let mut account = Account::open();
/// account.deposit(10);
/// app.save(&mut account).wait()?;
///
/// let account = app.get(account.id()).wait()?;
/// assert_eq!(account.balance, 10);
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// # Processes
///
/// Several processes may open one store. A fork of the process cannot use an application that was open before: open it
/// after the fork.
///
/// # Tracing
///
/// With the feature `tracing`, the application emits these spans and events, all under the target `es_runtime`. They hold
/// names, ids and numbers, but never the data of events:
///
/// | output | level | fields |
/// |---|---|---|
/// | span `save` | `INFO` | `aggregates` and `events`: the numbers saved |
/// | spans `get`, `execute`, `snapshot`, `forget` | `INFO` | `aggregate`: its name, `id` |
/// | event with `monotonic_counter.es_conflicts` | `DEBUG` | 1: a save came too late |
/// | event with `monotonic_counter.es_retries` | `DEBUG` | 1: `execute` tries again; `because`: the [`ErrorKind`](crate::ErrorKind) |
/// | event with `histogram.es_replay_length` | `DEBUG` | the number of replayed events; `aggregate` |
/// | event | `WARN` | a snapshot cannot be used, or not be taken; `error`: the [`ErrorKind`](crate::ErrorKind) |
/// | event | `WARN` | a [subscription](crate::log::Subscription) cannot read the log, and tries again; `error`: the [`ErrorKind`](crate::ErrorKind) |
/// | event | `WARN` | on PostgreSQL, an append holds back readers for more than a second; `events`: how many are held back; `pid` (unless a prepared transaction does), `application` and `since` (seconds): who |
/// | span `project` | `INFO` | a batch of a projection; `projection`: its name, `worker`: its number from 0, `events`: the number in the batch |
/// | span `rebuild` | `INFO` | a view is made anew; `projection` |
/// | event with `monotonic_counter.es_projected_events` | `DEBUG` | the number of events that a view has handled; `projection`, `worker` |
/// | event with `monotonic_counter.es_failed_events` | `DEBUG` | the number of events that a view has skipped, parked, or stopped at; `projection`, `worker` |
/// | event with `monotonic_counter.es_projection_retries` | `DEBUG` | 1: a projection tries again; `projection`; `because`: the [`ErrorKind`](crate::ErrorKind) |
/// | event with `histogram.es_projection_lag` | `DEBUG` | the number of positions between a view and the head of the log, after a batch, at most once a second; `projection`, `worker` |
/// | event | `WARN` | a projection cannot write its view, and tries again; `projection`; `error`: the [`ErrorKind`](crate::ErrorKind) |
/// | event | `ERROR` | a projection stopped; `projection`; `error`: the [`ErrorKind`](crate::ErrorKind) |
/// | event | `WARN` | a hook of [`Builder::on_saved`] failed or panicked; `error`: the [`ErrorKind`](crate::ErrorKind) |
///
/// The span `execute` of a command on several aggregates names the first aggregate.
///
/// A span whose work fails finally has the field `error`: the [`ErrorKind`](crate::ErrorKind). `tracing-opentelemetry` makes metrics of
/// counters and histograms with such names.
#[derive(Clone)]
pub struct Application {
    shared: Arc<Shared>,
    metadata: Metadata,
    retry: Retry,
}

struct Shared {
    name: Option<Name>,
    repository: Repository,
    log: Source,
    hooks: Hooks,
    projections: Projections,
    close: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// Fails once the application is closed, whether or not the store still works.
    fn check_open(&self) -> Result<(), Error> {
        self.log.check_open()
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("store", self.store()).finish_non_exhaustive()
    }
}

impl Application {
    /// Opens a store by its URI: `memory:`, `sqlite:bank.db`, `sqlite::memory:`, or with the feature `postgres`
    /// `postgresql://ann@db.example.org/bank`.
    ///
    /// Options follow a question mark, as in `sqlite:bank.db?synchronous=normal`: see those of
    /// [SQLite](crate::guide::saving_and_loading#options-of-sqlite) and of
    /// [PostgreSQL](crate::guide::deployment#options-of-the-uri).
    ///
    /// `bank.db`, `sqlite://bank.db`, `sqlite:////var/lib/bank.db` and `:memory:` work, too. The application refuses
    /// `sqlite:///bank.db`: some tools read it as a relative path, others as an absolute one. Use
    /// [`open_file`](Self::open_file) for a path that your program computes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if this build has no store for the URI, if the store cannot be opened, or if names or
    /// topics of the aggregates in this program [clash](crate::Registry::global). [`ErrorKind::Schema`](crate::ErrorKind::Schema) if the tables
    /// are not ours.
    pub async fn open(uri: &str) -> Result<Self, Error> {
        Self::builder(uri).open().await
    }

    /// Opens a SQLite file, and creates it if it does not exist.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "sqlite")] {
    /// use es_runtime::{Application, Wait};
    ///
    /// # let folder = std::env::temp_dir().join(format!("open_file-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).ok();
    /// let app = Application::open_file(folder.join("bank.db")).wait()?;
    /// # drop(app);
    /// # std::fs::remove_dir_all(&folder).ok();
    /// # }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_file(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Builder::file(path).open().await
    }

    /// Opens the store that the environment names: see [`Builder::from_env`].
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and the errors of [`Builder::from_env`].
    pub async fn from_env(name: &str) -> Result<Self, Error> {
        Builder::from_env(name)?.open().await
    }

    /// Begins to open a store, with settings.
    pub fn builder(uri: impl Into<String>) -> Builder {
        Builder::new(uri.into())
    }

    /// Begins to open an application on a recorder of your own. If the application keeps snapshots, set their recorder
    /// with [`snapshots_in`](Builder::snapshots_in), too.
    ///
    /// ```standalone_crate
    /// use std::sync::Arc;
    ///
    /// use es_runtime::{Application, Wait, recorder::MemoryRecorder};
    ///
    /// let recorder = Arc::new(MemoryRecorder::new());
    /// let app = Application::on(recorder).open().wait()?;
    /// # let _ = app;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn on(recorder: Arc<dyn DynApplicationRecorder>) -> Builder {
        Builder::on(recorder)
    }

    fn over(shared: Shared, retry: Retry) -> Self {
        Self { shared: Arc::new(shared), metadata: Metadata::new(), retry }
    }

    /// Returns the same application with metadata for every save: the actor, the reason, the principal. Metadata set
    /// before remain; of two values with one name, the later counts.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Metadata, Wait};
    /// # let app = Application::open("memory:").wait()?;
    /// let for_ann = app.with_metadata(Metadata::new().with_actor("ann").with_correlation("request 7"));
    /// # let _ = for_ann;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn with_metadata(&self, metadata: Metadata) -> Self {
        Self { metadata: self.metadata.clone().and(metadata), ..self.clone() }
    }

    /// Returns the same application with another retry of [`execute`](Self::execute): for one call, or for some.
    ///
    /// ```standalone_crate
    /// # use es_runtime::{Application, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// use es_runtime::wait::Retry;
    ///
    /// # let app = Application::open("memory:").wait()?;
    /// # let mut account = Account::open();
    /// # app.save(&mut account).wait()?;
    /// let once = app.with_retry(Retry::new().attempts(1));
    /// once.execute(account.id(), |account| account.deposit(1)).wait()?;
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn with_retry(&self, retry: Retry) -> Self {
        Self { retry, ..self.clone() }
    }

    /// Saves the pending events of aggregates, all of them or none.
    ///
    /// If the save fails, the events stay pending. You may save them again after any failure, and after you dropped the
    /// future: the store never stores them twice. The next save first offers the events of the failed attempt, in a commit
    /// of their own, and then the new events. The store may accept the first commit and refuse the second. For events of
    /// [`Batch::append`], set a [commit id](Batch::commit_id).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if another caller changed an aggregate first: load the aggregate again, or use
    /// [`execute`](Self::execute), which does so. [`ErrorKind::OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown) if the store did not answer.
    /// [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists) if the events create an aggregate, and its id is taken.
    pub fn save<'s, 'a: 's>(&'s self, batch: impl IntoBatch<'a>) -> Save<'s> {
        let batch = batch.into_batch();
        Save(Box::pin(async move {
            self.shared.check_open()?;
            let aggregates = batch.roots.len();
            let events = batch.roots.iter().map(|root| root.pending()).sum::<usize>() + batch.loose.len();
            observe::save(aggregates, events, save::save(&self.shared, &self.metadata, batch)).await
        }))
    }

    /// Makes an aggregate unreadable for ever, by destroying the key that encrypts its data.
    ///
    /// All its events and snapshots must be encrypted with a key of its own
    /// ([`Mapper::with_data_keys`](crate::mapper::Mapper::with_data_keys), with the feature `aes`). Choose such keys
    /// before the first event: data stored without one cannot be forgotten. The store overwrites the key, removes the
    /// snapshots, and never again stores anything under the id. Loading the aggregate then fails as
    /// [`ErrorKind::Forgotten`](crate::ErrorKind::Forgotten); everything else reads as before.
    ///
    /// These remain:
    ///
    /// - ids, versions, topics, and the times of storing in the order of the log;
    /// - copies of the key and of snapshots outside the store, as in a backup;
    /// - events of [clear topics](crate::mapper::Mapper::with_clear_topics), which anybody can read in the store;
    /// - an id made [of a key](crate::Id::from_key) such as an address: anybody who knows the key can compute the id, and
    ///   find that the aggregate existed;
    /// - the states in the memory of other processes, until these end.
    ///
    /// [Columns of your own](crate::mapper::Mapper::with_column), which are not encrypted, are emptied.
    ///
    /// The last event of the aggregate in the log is a notice, by
    /// [`StoredEvent::forgotten`](crate::stored_event::StoredEvent::forgotten). A reader of the log then deletes its
    /// view of the other events.
    ///
    /// ```standalone_crate
    /// # #[cfg(feature = "aes")] {
    /// # use es_runtime::{Application, ErrorKind, Wait, aggregate, mutator};
    /// # #[aggregate]
    /// # pub struct Patient { pub name: String }
    /// # #[mutator]
    /// # impl Patient {
    /// #     #[event(Admitted)]
    /// #     pub fn admit(name: String) -> Self { Self { name } }
    /// # }
    /// use es_runtime::mapper::{AesGcm, Key, Mapper};
    ///
    /// let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256)?));
    /// let app = Application::builder("sqlite::memory:").mapper(mapper).open().wait()?;
    /// let mut patient = Patient::admit("Ann".into());
    /// app.save(&mut patient).wait()?;
    ///
    /// app.forget(patient.id()).wait()?;
    /// let gone = app.get(patient.id()).wait().err().map(|error| error.kind());
    /// assert_eq!(gone, Some(ErrorKind::Forgotten));
    /// # }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Repository::forget`]: among others if the id belongs to another type, or if an event was stored without a
    /// data key, and would stay readable.
    pub async fn forget<A: Aggregate>(&self, id: Id<A>) -> Result<Remains, Error> {
        self.shared.check_open()?;
        observe::forget(A::NAME, id.uuid(), self.shared.repository.forget(id)).await
    }

    /// Returns the mark of a saved commit in the log, or `None` if the commit had no events. If an earlier call stored the
    /// commit under other versions, returns the newest mark of the log, which is not before that commit.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        self.shared.log.resolve(receipt).await
    }

    /// Returns the name of the application, if it has [one](Builder::name).
    pub fn name(&self) -> Option<&Name> {
        self.shared.name.as_ref()
    }

    /// Returns the event store.
    pub fn store(&self) -> &EventStore {
        self.shared.repository.store()
    }

    /// Returns the repository.
    pub fn repository(&self) -> &Repository {
        &self.shared.repository
    }

    /// Returns the recorder, for code that handles rows.
    pub fn recorder(&self) -> &Arc<dyn DynApplicationRecorder> {
        self.shared.log.recorder()
    }

    /// Closes the store, for all clones of this application. Later calls fail as [`ErrorKind::Closed`](crate::ErrorKind::Closed).
    ///
    /// A database in shared memory closes for every application of the process that opened it under its name.
    pub fn close(&self) {
        self.shared.log.close();
        (self.shared.close)();
        self.shared.projections.closed();
    }
}
