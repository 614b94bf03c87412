use std::path::PathBuf;
use std::time::Duration;

/// SQLite counts milliseconds in 31 bits: more than three weeks.
pub(super) const MOST_MILLISECONDS: u32 = i32::MAX.unsigned_abs();
const LONGEST: Duration = Duration::from_millis(MOST_MILLISECONDS as u64);

/// How long a commit waits for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// Until the disk has it: an acknowledged save survives a power cut.
    #[default]
    Full,
    /// Until the operating system has it: an acknowledged save survives the death of the process, but the last
    /// ones may be lost in a power cut. The file stays whole.
    Normal,
}

#[derive(Clone, Debug)]
pub(super) enum Location {
    File(PathBuf),
    /// In memory; shared by all of the process that open the same name.
    Memory(Option<String>),
}

/// How a database is opened.
///
/// ```
/// use es_runtime::recorder::{SqliteOptions, Synchronous, Tables};
///
/// let database = SqliteOptions::in_memory().synchronous(Synchronous::Normal).open()?;
/// let recorder = database.recorder(&Tables::default())?;
/// # let _ = recorder;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SqliteOptions {
    pub(super) location: Location,
    pub(super) synchronous: Synchronous,
    pub(super) busy_timeout: Duration,
    pub(super) readers: usize,
    pub(super) read_only: bool,
    pub(super) create: bool,
}

impl SqliteOptions {
    /// A file, made if it is not there; its folder must be.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::at(Location::File(path.into()))
    }

    /// A database in memory, of its own.
    pub fn in_memory() -> Self {
        Self::at(Location::Memory(None))
    }

    /// A database in memory, shared by all of this process that open it under this name, for as long as one does.
    pub fn in_shared_memory(name: impl Into<String>) -> Self {
        Self::at(Location::Memory(Some(name.into())))
    }

    fn at(location: Location) -> Self {
        Self {
            location,
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            read_only: false,
            create: true,
        }
    }

    /// What an acknowledged save survives; [`Synchronous::Full`] unless it is said.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long a write waits for another process that writes, and a thread inside [`Wait::wait`](crate::Wait) for
    /// one of the [`readers`](Self::readers); 5 seconds unless it is said. After that they fail as `Timeout`.
    ///
    /// A read on an executor waits for its turn as long as its future is kept: drop the future to give up.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout.min(LONGEST);
        self
    }

    /// How many connections read at the same time; 4 unless it is said, at least 1. What is read beyond them
    /// queues; see [`busy_timeout`](Self::busy_timeout) for how long.
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Refuses every write, and makes nothing: for an inspector, or a file that may not be written.
    ///
    /// SQLite makes files beside the database for readers too. A process that may not write to the folder reads the file as
    /// it is, without a lock, if its write-ahead log is empty or not there. Each read then checks that no other process
    /// wrote, and fails as `Storage` if one did.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Fails if the file or a table is not there, instead of making it.
    pub fn existing(mut self) -> Self {
        self.create = false;
        self
    }
}
