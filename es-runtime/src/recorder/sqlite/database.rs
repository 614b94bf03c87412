use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use uuid::Uuid;

use super::append::{self, Append, Job, Writer};
use super::connection::open_writer;
use super::inline::Views;
use super::options::{Location, SqliteOptions};
use super::readers::Readers;
use super::statements::Statements;
use super::turns::Turns;
use super::tx::Tx;
use super::watch::Watch;
use super::{SqliteRecorder, catalog, error, forget, select};
use crate::error::{Error, ErrorKind};
use crate::recorder::group::Group;
use crate::recorder::opener::Opener;
use crate::recorder::sql::{Needed, Tables};
use crate::recorder::{Commit, Mark, Receipt, Remains, Step};
use crate::wait::Bell;
use crate::wait::{Elapsed, Slot, may_block, sleep, timeout};

/// The longest time that a reader waits without a ring before it checks again.
const LONGEST: Duration = Duration::from_secs(1);

/// An open SQLite database. Clones share its connections.
///
/// ```
/// use es_runtime::recorder::{AggregateRecorder, Commit, SqliteOptions, StoredEvent, Tables};
/// use es_runtime::{Version, Wait};
///
/// let database = SqliteOptions::in_memory().open()?;
/// let recorder = database.recorder(&Tables::default())?;
/// let event = StoredEvent::new(uuid::Uuid::now_v7(), Version::INITIAL, "Account.Opened", b"{}".to_vec())?;
/// let receipt = recorder.append(Commit::new(vec![event])).wait()?;
/// assert_eq!(receipt.positions().map(|(first, _)| first.get()), Some(1));
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

struct Shared {
    options: SqliteOptions,
    /// The connections that read. They close before the writer, because only the writer can merge the log into the
    /// file, if nobody else has it open.
    readers: Option<Readers>,
    /// The watch over other processes, which may write to the file.
    watch: Option<Watch>,
    /// The writer; a database in memory has one connection, so the writer also reads.
    writer: Group<Writer>,
    opener: Opener,
    /// The bell that rings after commits.
    bell: Bell,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if self.shared.opener.is_parent() {
            // The connections belong to the parent: SQLite forbids a fork to close them.
            std::mem::forget(Arc::clone(&self.shared));
        }
    }
}

/// The databases in memory that have a name.
static NAMED: Mutex<Option<HashMap<String, Weak<Shared>>>> = Mutex::new(None);

impl SqliteOptions {
    /// Opens the database.
    ///
    /// Several processes may have one file open. Processes that wait for each other to write make a file beside it that
    /// ends in `-queue`, so that each gets its turn. A fork of the process has to open the database anew: it cannot use
    /// one that was open before.
    ///
    /// A file that is removed or replaced while it is open accepts no more writes. The recorder refuses each as
    /// `Storage`, until the file is back or the program opens the database again.
    ///
    /// # Errors
    ///
    /// `Config` if the file cannot be opened with these options, `Schema` if it is no SQLite database, `Corrupt` if it
    /// is damaged, `Timeout` if another process keeps it locked, `Unavailable` if this process has too many files open.
    pub fn open(self) -> Result<Sqlite, Error> {
        if let Location::File(path) = &self.location
            && path.as_os_str().as_encoded_bytes().contains(&0)
        {
            let message = "the path of the database holds a NUL, which no file's name can; remove it";
            return Err(Error::new(ErrorKind::Config, message));
        }
        Sqlite::open(self)
    }
}

impl Sqlite {
    fn open(options: SqliteOptions) -> Result<Self, Error> {
        let Location::Memory(Some(name)) = &options.location else { return Self::open_new(options) };
        let name = name.clone();
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        let named = named.get_or_insert_default();
        named.retain(|_, shared| shared.strong_count() > 0);
        let known = named.get(&name).and_then(Weak::upgrade);
        if let Some(shared) = known.filter(|shared| !shared.opener.is_parent() && !shared.writer.is_closed())
        {
            return Ok(Self { shared });
        }
        let database = Self::open_new(options)?;
        named.insert(name, Arc::downgrade(&database.shared));
        Ok(database)
    }

    fn open_new(mut options: SqliteOptions) -> Result<Self, Error> {
        if let Location::File(path) = &mut options.location
            && let Ok(absolute) = std::path::absolute(&*path)
        {
            // The program may change its folder before it opens another connection.
            *path = absolute;
        }
        let bell = Bell::new();
        let (mut connection, place) = open_writer(&options)?;
        let readers = place.clone().map(|place| Readers::new(options.clone(), Some(place)));
        let watch = place.clone().map(|place| Watch::new(options.clone(), place, bell.clone()));
        let turns = Turns::new(&mut connection, place.is_some(), options.busy_timeout);
        let writer = Group::new(Writer::new(Tx::over(connection), place, turns, bell.clone()));
        let opener = Opener::here();
        Ok(Self { shared: Arc::new(Shared { options, readers, watch, writer, opener, bell }) })
    }

    /// Returns the recorder of an application, for its events and tracking; makes the tables if they are missing.
    ///
    /// # Errors
    ///
    /// `Schema` if such tables exist, but are not ours, or belong to a newer release; `Config` if two would have one
    /// name.
    pub fn recorder(&self, tables: &Tables) -> Result<SqliteRecorder, Error> {
        tables.check()?;
        let statements = Statements::new(tables);
        self.prepare(statements.needed(tables))?;
        let (database, statements) = (self.clone(), Arc::new(statements));
        Ok(SqliteRecorder { database, statements, views: Views::default() })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match &self.shared.options.location {
            Location::File(path) => Some(path),
            Location::Memory(_) => None,
        }
    }

    /// Closes the connections. Earlier calls still finish; later calls fail as `Closed`.
    ///
    /// In a fork of the process it does nothing: the connections belong to the parent.
    pub fn close(&self) {
        if self.shared.opener.is_parent() {
            return;
        }
        if let Some(watch) = &self.shared.watch {
            watch.close();
        }
        if let Some(readers) = &self.shared.readers {
            readers.close();
        }
        self.shared.writer.close();
        self.shared.bell.ring();
    }

    /// Makes and checks tables, on this thread: a program opens a database at its start.
    pub(super) fn prepare(&self, needed: Needed) -> Result<(), Error> {
        use crate::wait::Wait;
        let may_change = self.shared.options.create && !self.shared.options.read_only;
        self.on_writer(move |tx| catalog::prepare(tx.connection_mut(), &needed, may_change)).wait()
    }

    /// Destroys a data key, and the copies of it in the files. Empties the user's own columns, even if the key was
    /// destroyed before.
    pub(super) fn forget(
        &self,
        recorder: &SqliteRecorder,
        id: Uuid,
        notice: Commit,
    ) -> impl Future<Output = Result<Remains, Error>> + Send + use<> {
        let SqliteRecorder { statements, views, .. } = recorder.clone();
        let database = self.clone();
        async move {
            let (wrote, emptied) = database
                .on_writer(move |tx| {
                    let wrote = forget::write_over(tx, &statements, &views, id, &notice)?;
                    Ok((wrote, forget::empty_own_columns(tx, &statements.events_table, id)))
                })
                .await?;
            if wrote {
                database.shared.bell.ring();
            }
            let usual = database.shared.options.busy_timeout;
            let began = Instant::now();
            // The log is cut off even if a column stays filled: the key is destroyed.
            loop {
                let attempt = Instant::now();
                if database.on_writer(move |tx| forget::cut_off_log(tx, usual)).await? {
                    return emptied.map(|()| Remains::NONE);
                }
                if began.elapsed() >= usual {
                    return emptied.map(|()| Remains::OLD_PAGES);
                }
                // No process can write while an attempt waits for readers. Between attempts, others have the file for
                // three times as long.
                sleep(3 * attempt.elapsed()).await;
            }
        }
    }

    pub(super) fn append(
        &self,
        recorder: &SqliteRecorder,
        commit: Commit,
        step: Option<Step>,
    ) -> impl Future<Output = Result<Receipt, Error>> + Send + use<> {
        let checked = self.shared.opener.check();
        let SqliteRecorder { statements, views, .. } = recorder.clone();
        let submitted = self.shared.writer.submit(Job::Append(Append { statements, views, commit, step }));
        async move {
            checked?;
            submitted.await
        }
    }

    /// Appends several commits with their steps, in their order and in one transaction.
    pub(super) fn append_in_order(
        &self,
        recorder: &SqliteRecorder,
        commits: Vec<(Commit, Step)>,
    ) -> impl Future<Output = Result<Vec<Receipt>, Error>> + Send + use<> {
        let SqliteRecorder { statements, views, .. } = recorder.clone();
        let database = self.clone();
        async move {
            let stored =
                database.on_writer(move |tx| append::in_order(tx, &statements, &views, &commits)).await?;
            if stored.iter().any(|receipt| !receipt.is_repeated()) {
                database.shared.bell.ring();
            }
            Ok(stored)
        }
    }

    /// Waits until there may be events after a place.
    pub(super) fn beyond(
        &self,
        statements: &Arc<Statements>,
        after: Option<Mark>,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (database, statements) = (self.clone(), Arc::clone(statements));
        async move {
            database.shared.opener.check()?;
            let _waiting = database.shared.watch.as_ref().map(Watch::join);
            // Listens before the check, so that it misses no commit between the two.
            let heard = database.shared.bell.listen();
            let newest = database.read(move |connection| select::newest(connection, &statements)).await?;
            if newest == after {
                let _: Result<(), Elapsed> = timeout(LONGEST, heard).await;
            }
            Ok(())
        }
    }

    /// Reads: at once on a waiting thread, on a thread of the recorder for an executor.
    pub(super) fn read<T, F>(&self, read: F) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    {
        let database = self.clone();
        async move {
            database.shared.opener.check()?;
            let Some(readers) = &database.shared.readers else {
                return database.on_writer(|tx| read(tx.connection_mut())).await;
            };
            let mut read = Some(read);
            let mut slot: Option<Arc<Slot<Result<T, Error>>>> = None;
            poll_fn(move |context| {
                if let Some(read) = read.take() {
                    if may_block() {
                        return Poll::Ready(readers.here(read));
                    }
                    slot = Some(readers.elsewhere(read));
                }
                let Some(slot) = &slot else { return Poll::Ready(Err(error::lost())) };
                slot.poll(context).map(|read| read.unwrap_or_else(|| Err(error::lost())))
            })
            .await
        }
    }

    /// Runs something on the one connection that writes.
    pub(super) fn on_writer<T, F>(&self, run: F) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx) -> Result<T, Error> + Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&answer);
        let submitted = self.shared.writer.submit(Job::Use(Box::new(move |tx| {
            let made = run(tx);
            *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        })));
        let checked = self.shared.opener.check();
        async move {
            checked?;
            submitted.await?;
            let made = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            made.unwrap_or_else(|| Err(error::lost()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::recorder::{AggregateRecorder, ApplicationRecorder, LogRange};
    use crate::wait::Wait;

    #[test]
    fn a_fork_of_the_process_is_refused_in_either_way_and_waits_for_no_thread() {
        let mut database = SqliteOptions::in_memory().open().unwrap();
        inherit(&mut database);
        let recorder = database.recorder(&Tables::default()).map(drop);
        let statements = Arc::new(Statements::new(&Tables::default()));
        let recorders = SqliteRecorder { database, statements, views: Views::default() };
        let appended = recorders.append(Commit::new(Vec::new())).wait().map(drop);
        let read = recorders.read_log(LogRange::all().limit(0)).wait().map(drop);
        let mut polled = pin!(recorders.append(Commit::new(Vec::new())));
        let Poll::Ready(polled) = polled.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it waits for a thread that is not there");
        };
        for answer in [recorder, appended, read, polled.map(drop)] {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("open the database after the fork"), "{error}");
        }
    }

    /// Makes the database look as a fork of the process finds it.
    fn inherit(database: &mut Sqlite) {
        Arc::get_mut(&mut database.shared).unwrap().opener = Opener::elsewhere();
    }

    #[test]
    fn a_fork_of_the_process_starts_no_watch_and_closes_no_connection_of_the_parent() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.db");
        let mut database = SqliteOptions::file(&file).open().unwrap();
        drop(database.recorder(&Tables::default()).unwrap());
        inherit(&mut database);
        let statements = Arc::new(Statements::new(&Tables::default()));
        let waited = database.beyond(&statements, None).wait();
        assert_eq!(waited.unwrap_err().kind(), ErrorKind::Config);
        assert!(!database.shared.watch.as_ref().unwrap().has_thread());
        database.close();
        drop(database);
        // The last connection to close removes this file.
        assert!(folder.path().join("events.db-wal").exists(), "the connection was closed");
    }

    #[test]
    fn a_fork_of_the_process_opens_a_shared_memory_of_its_own() {
        let open = || SqliteOptions::in_shared_memory("forked").open().unwrap();
        let parents = open();
        let own = open();
        assert!(Arc::ptr_eq(&parents.shared, &own.shared));
        drop(own);
        // `inherit` does not work while the list of names refers to the database, too.
        let mut named = NAMED.lock().unwrap();
        let named_before = named.as_mut().unwrap().remove("forked");
        drop((named, named_before));
        let mut parents = parents;
        inherit(&mut parents);
        let weak = Arc::downgrade(&parents.shared);
        NAMED.lock().unwrap().as_mut().unwrap().insert("forked".to_owned(), weak);
        let own = open();
        assert!(!Arc::ptr_eq(&parents.shared, &own.shared), "it is the copy of the parent's");
        own.recorder(&Tables::default()).unwrap();
        assert!(Arc::ptr_eq(&open().shared, &own.shared));
    }
}
