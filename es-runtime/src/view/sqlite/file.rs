use std::fmt;
use std::future::{Future, ready};
use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, params};

use super::{Tx, claim, rebuild};
use crate::error::Error;
use crate::recorder::sqlite::{Place, failed, of_store, open_at_place, open_connection};
use crate::recorder::{SqliteOptions, Synchronous};
use crate::view::{BoxError, Claim, Object, OpenView, View, ended_by_hand, rolled_back};
use crate::wait::unblock;

/// The table of the library. Its rows are few, but for the events that failed.
const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS es_view (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";

/// A SQLite file for views.
///
/// A commit waits for the operating system, not for the disk ([`Synchronous::Normal`]). A power cut may set the view
/// back; rows and place then still agree, and the projection goes on from there.
#[derive(Clone)]
pub struct File {
    path: PathBuf,
    options: SqliteOptions,
}

impl File {
    /// Names a file, which the projection creates if it does not exist; its folder must exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let path = std::path::absolute(&path).unwrap_or(path);
        let options = SqliteOptions::file(&path).synchronous(Synchronous::Normal);
        Self { path, options }
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the file in which new rows are made.
    fn path_beside(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push("-rebuild");
        path.into()
    }

    /// Opens a connection for queries, which only reads.
    ///
    /// # Errors
    ///
    /// As [`SqliteOptions::open`].
    pub fn connect(&self) -> Result<rusqlite::Connection, Error> {
        open_connection(&self.options.clone().read_only())
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish_non_exhaustive()
    }
}

impl OpenView for File {
    type View = FileView;

    fn open(&self) -> impl Future<Output = Result<FileView, Error>> + Send {
        let options = self.options.clone();
        unblock(move || {
            let (connection, place) = open_at_place(&options)?;
            connection.execute_batch(TABLE).map_err(failed("make the table of views"))?;
            Ok(FileView { tx: Tx::over(connection), place, is_open: false, is_linked: false, commits: 0 })
        })
    }

    fn beside(&self) -> Option<Self> {
        Some(Self::new(self.path_beside()))
    }

    fn claim(&self) -> impl Future<Output = Result<Claim, Error>> + Send {
        let beside = self.path_beside();
        unblock(move || claim::take(&beside))
    }

    fn link(&self, view: &mut FileView) -> impl Future<Output = Result<(), Error>> + Send {
        let linked = rebuild::attach(&view.tx, &self.path_beside());
        view.is_linked = linked.is_ok();
        ready(linked.map_err(failed("open the new rows of a view")))
    }

    fn replace(
        &self,
        view: &mut FileView,
        old: &[Object],
        new: &[Object],
    ) -> impl Future<Output = Result<(), Error>> + Send {
        ready(rebuild::replace(&view.tx, old, new).map_err(failed("replace the rows of a view")))
    }

    fn clear(&self) -> impl Future<Output = Result<(), Error>> + Send {
        let path = self.path_beside();
        unblock(move || rebuild::remove(&path))
    }
}

/// An open [`File`].
#[derive(Debug)]
pub struct FileView {
    tx: Tx,
    place: Option<Place>,
    /// True between the beginning and the end of a transaction.
    is_open: bool,
    /// True once the new rows of a rebuild are attached.
    is_linked: bool,
    /// The number of commits before the transaction.
    commits: u64,
}

impl FileView {
    fn statement(&self, doing: &'static str, statement: &str) -> Result<(), Error> {
        let run = || self.tx.prepare_cached(statement)?.execute([]);
        run().map(drop).map_err(failed(doing))
    }
}

impl FileView {
    fn make(&self, statements: &str) -> rusqlite::Result<Vec<Object>> {
        let before = rebuild::objects(&self.tx, "main")?;
        self.tx.execute_batch(statements)?;
        let mut made = rebuild::objects(&self.tx, "main")?;
        made.retain(|object| !before.contains(object));
        Ok(made)
    }
}

// The work is done before the future is made: the thread may block. So no future holds a borrow of the connection, which
// other threads must not share.
impl View for FileView {
    type Tx = Tx;

    fn tx(&self) -> &Tx {
        &self.tx
    }

    fn begin(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        let doing = "begin to write a view";
        // `IMMEDIATE` would also keep others from writing the new rows. So the first statement takes the lock of the file.
        let statement = if self.is_linked { "BEGIN" } else { "BEGIN IMMEDIATE" };
        let mut done = self.statement(doing, statement);
        (self.is_open, self.commits) = (done.is_ok(), self.tx.commits());
        if self.is_open && self.is_linked {
            done = self.statement(doing, "DELETE FROM main.es_view WHERE key = ''");
        }
        // A handler that ends the transaction takes this point with it.
        ready(done.and_then(|()| self.statement(doing, "SAVEPOINT es_whole")))
    }

    fn commit(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        if self.tx.is_autocommit() || self.statement("", "RELEASE es_whole").is_err() {
            return ready(Err(ended_by_hand()));
        }
        let committed = self.statement("commit a view", "COMMIT");
        self.is_open = committed.is_err();
        // Nobody finds the rows of a file that is gone from its path.
        ready(committed.and_then(|()| self.place.as_ref().map_or(Ok(()), Place::check)))
    }

    fn roll_back(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        let was_open = std::mem::take(&mut self.is_open) && !self.tx.is_autocommit();
        ready(if was_open { self.statement("roll a view back", "ROLLBACK") } else { Ok(()) })
    }

    fn save_point(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        // Points of one name stack up: the earlier one is given up first. Without one, that fails, which does no harm.
        let _ = self.statement("", "RELEASE es_view");
        ready(self.statement("set a point in a view", "SAVEPOINT es_view"))
    }

    fn back_to_save_point(&mut self) -> impl Future<Output = Result<(), Error>> + Send {
        ready(self.statement("undo a handler", "ROLLBACK TO es_view"))
    }

    fn run(&mut self, statements: &str) -> impl Future<Output = Result<Vec<Object>, Error>> + Send {
        ready(self.make(statements).map_err(failed("make the tables of a view")))
    }

    fn get(&mut self, key: &str) -> impl Future<Output = Result<Option<String>, Error>> + Send {
        ready(get(&self.tx, key))
    }

    fn put(&mut self, key: &str, value: &str) -> impl Future<Output = Result<(), Error>> + Send {
        // Outside a transaction the key would be kept at once, also behind rows that were rolled back.
        ready(match self.is_still_open() {
            Ok(true) => put(&self.tx, key, value),
            Ok(false) => Err(rolled_back()),
            Err(error) => Err(error),
        })
    }

    fn remove(&mut self, key: &str) -> impl Future<Output = Result<(), Error>> + Send {
        let write = || self.tx.prepare_cached("DELETE FROM es_view WHERE key = ?1")?.execute([key]);
        ready(write().map(drop).map_err(failed("remove a key of a view")))
    }

    fn list(&mut self, prefix: &str) -> impl Future<Output = Result<Vec<(String, String)>, Error>> + Send {
        const LIST: &str =
            "SELECT key, value FROM es_view WHERE substr(key, 1, length(?1)) = ?1 AND key >= ?1 ORDER BY key";
        let read = || {
            let mut statement = self.tx.prepare_cached(LIST)?;
            let rows = statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        ready(read().map_err(failed("read the keys of a view")))
    }

    fn passing(error: &BoxError) -> Option<Error> {
        of_store("write a view", &**error)
    }

    fn is_still_open(&self) -> Result<bool, Error> {
        // A handler that made another transaction fails at the commit.
        match (self.tx.is_autocommit(), self.tx.commits() == self.commits) {
            (false, _) => Ok(true),
            (true, true) => Ok(false),
            (true, false) => Err(ended_by_hand()),
        }
    }
}

/// Returns the value under a key.
pub(crate) fn get(tx: &Tx, key: &str) -> Result<Option<String>, Error> {
    let read = || {
        let mut statement = tx.prepare_cached("SELECT value FROM es_view WHERE key = ?1")?;
        statement.query_row([key], |row| row.get(0)).optional()
    };
    read().map_err(failed("read the place of a view"))
}

/// Sets the value under a key.
pub(crate) fn put(tx: &Tx, key: &str, value: &str) -> Result<(), Error> {
    const PUT: &str = "INSERT INTO es_view (key, value) VALUES (?1, ?2)
                       ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let write = || tx.prepare_cached(PUT)?.execute(params![key, value]);
    write().map(drop).map_err(failed("write the place of a view"))
}
