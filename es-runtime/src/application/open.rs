use std::fmt;
use std::sync::Arc;

use super::Application;
use super::save::Snapshotting;
use crate::aggregate::Aggregate;
use crate::cache::Cache;
use crate::error::{Error, ErrorKind};
use crate::mapper::Mapper;
use crate::recorder::{DynAggregateRecorder, DynApplicationRecorder, MemoryRecorder, Tables};
use crate::repository::Repository;
use crate::snapshot::SnapshotStore;
use crate::store::EventStore;
use crate::wait::unblock;

/// How an application is opened.
///
/// ```
/// use es_runtime::{Application, Wait, recorder::Tables};
///
/// let app = Application::builder("sqlite::memory:").tables(Tables::with_prefix("bank")?).open().wait()?;
/// # let _ = app;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[must_use]
pub struct Builder {
    uri: String,
    mapper: Mapper,
    tables: Tables,
    snapshots: bool,
    snapshotting: Snapshotting,
    cache: Option<Cache>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URI: it may hold a password.
        f.debug_struct("Builder")
            .field("mapper", &self.mapper)
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}

/// What a store is opened as.
struct Opened {
    events: Arc<dyn DynApplicationRecorder>,
    snapshots: Option<Arc<dyn DynAggregateRecorder>>,
    close: Box<dyn Fn() + Send + Sync>,
}

impl Builder {
    pub(super) fn new(uri: String) -> Self {
        let snapshotting = Snapshotting::default();
        Self {
            uri,
            mapper: Mapper::new(),
            tables: Tables::default(),
            snapshots: false,
            snapshotting,
            cache: None,
        }
    }

    /// How events are written: codec, compressor, cipher.
    pub fn mapper(mut self, mapper: Mapper) -> Self {
        self.mapper = mapper;
        self
    }

    /// The names of the tables; for several applications in one database.
    pub fn tables(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }

    /// Keeps what was loaded last in memory.
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Keeps snapshots, and loads from them: those that are asked for, and those of [`snapshot_every`].
    ///
    /// [`snapshot_every`]: Self::snapshot_every
    pub fn snapshots(mut self) -> Self {
        self.snapshots = true;
        self
    }

    /// Takes a snapshot of an aggregate each time that so many events more are saved; 0 is never. When code that event
    /// methods call changes, but not they themselves, raise `#[aggregate(snapshot_version = ..)]`: see
    /// [`snapshot`](crate::snapshot).
    pub fn snapshot_every<A: Aggregate>(mut self, events: u64) -> Self {
        self.snapshotting.every.insert(A::NAME, events);
        self.snapshots()
    }

    /// Takes a snapshot of every aggregate for which nothing else is said; 0 is never.
    pub fn snapshot_every_aggregate(mut self, events: u64) -> Self {
        self.snapshotting.usual = Some(events);
        self.snapshots()
    }

    /// Is told of a snapshot that could not be taken; what was saved is saved all the same.
    pub fn on_failed_snapshot(mut self, told: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.snapshotting.failed = Box::new(told);
        self
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// As [`Application::open`].
    pub async fn open(self) -> Result<Application, Error> {
        unblock(move || {
            let Opened { events, snapshots, close } = self.store()?;
            let mapper = Arc::new(self.mapper);
            let mut repository =
                Repository::new(EventStore::new(Arc::clone(&mapper), Arc::clone(&events) as _));
            if let Some(snapshots) = snapshots {
                repository = repository.with_snapshots(SnapshotStore::new(mapper, snapshots));
            }
            if let Some(cache) = self.cache {
                repository = repository.with_cache(cache);
            }
            Ok(Application::new(repository, events, self.snapshotting, close))
        })
        .await
    }

    fn store(&self) -> Result<Opened, Error> {
        let (scheme, rest) = self.uri.split_once(':').unwrap_or((&self.uri, ""));
        match scheme {
            "memory" if rest.is_empty() => Ok(Opened {
                events: Arc::new(MemoryRecorder::new()),
                snapshots: self.snapshots.then(|| Arc::new(MemoryRecorder::new()) as _),
                close: Box::new(|| {}),
            }),
            "memory" => Err(Error::new(
                ErrorKind::Config,
                format!("the URI {:?} says more than `memory:`, which is all there is to say", self.uri),
            )),
            "sqlite" => self.sqlite(),
            _ => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the URI begins with {scheme:?}, which is no store; write `memory:` or `sqlite:bank.db`"
                ),
            )),
        }
    }

    #[cfg(feature = "sqlite")]
    fn sqlite(&self) -> Result<Opened, Error> {
        let database = self.uri.parse::<crate::recorder::SqliteOptions>()?.open()?;
        let events = Arc::new(database.recorder(&self.tables)?);
        let snapshots: Option<Arc<dyn DynAggregateRecorder>> =
            if self.snapshots { Some(Arc::new(database.snapshots(&self.tables)?)) } else { None };
        Ok(Opened { events, snapshots, close: Box::new(move || database.close()) })
    }

    #[cfg(not(feature = "sqlite"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    fn sqlite(&self) -> Result<Opened, Error> {
        Err(Error::new(
            ErrorKind::Config,
            "this build has no SQLite; turn on the feature `sqlite` of es-runtime",
        ))
    }
}
