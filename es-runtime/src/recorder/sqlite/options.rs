use std::path::PathBuf;
use std::time::Duration;

/// SQLite counts milliseconds in 31 bits: more than three weeks.
pub(super) const MOST_MILLISECONDS: u32 = i32::MAX.unsigned_abs();
const LONGEST: Duration = Duration::from_millis(MOST_MILLISECONDS as u64);

/// The time that a commit waits for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// Waits until the data are on the disk: an acknowledged save survives a power cut.
    #[default]
    Full,
    /// Waits until the operating system has the data. An acknowledged save survives the death of the process, but a
    /// power cut may lose the last ones. The file stays whole.
    Normal,
}

#[derive(Clone, Debug)]
pub(super) enum Location {
    File(PathBuf),
    /// A database in memory; opened by name, it is shared within the process.
    Memory(Option<String>),
}

/// The options by which a database is opened.
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
    /// Names a file, which `open` creates if it does not exist; its folder must exist.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::at(Location::File(path.into()))
    }

    /// Makes a separate database in memory.
    pub fn in_memory() -> Self {
        Self::at(Location::Memory(None))
    }

    /// Names a database in memory, which all code of this process shares under this name, as long as any has it open.
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

    /// Sets the failures that an acknowledged save survives; [`Synchronous::Full`] by default.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// Sets the time that a write waits for another process, and a thread inside [`Wait::wait`](crate::Wait) for one of
    /// the [`readers`](Self::readers). The default is 5 seconds. After that time they fail as `Timeout`.
    ///
    /// A read on an executor waits as long as its future is kept: drop the future to give up.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout.min(LONGEST);
        self
    }

    /// Sets the number of connections that read at the same time, at least 1; the default is 4. Further reads queue,
    /// for the [`busy_timeout`](Self::busy_timeout).
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Refuses every write, and creates nothing: for an inspector, or a file that may not be written.
    ///
    /// SQLite makes files beside the database for readers too. A process that may not write to the folder reads the
    /// file as it is, without a lock, if its write-ahead log is empty or missing. Each read then checks that no other
    /// process wrote, and fails as `Storage` if one did.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Fails if the file or a table does not exist, instead of creating it.
    pub fn without_creating(mut self) -> Self {
        self.create = false;
        self
    }
}
