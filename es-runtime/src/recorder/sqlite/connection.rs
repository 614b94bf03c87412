use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error;
use super::options::{Location, SqliteOptions, Synchronous};
use super::place::{self, Place};
use crate::error::{Error, ErrorKind};

/// The number of statements that a connection keeps prepared.
const STATEMENTS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Writes,
    Reads,
}

/// Opens the connection that writes, if the options permit it.
pub(super) fn open_writer(options: &SqliteOptions) -> Result<(Connection, Option<Place>), Error> {
    let Location::File(path) = &options.location else {
        return Ok((open(options, Role::Writes, false)?, None));
    };
    let (connection, frozen) = match open(options, Role::Writes, false) {
        // SQLite makes a file beside the database even to read. Without that file, SQLite can only read a database that
        // does not change.
        Err(cause) if options.read_only && error::must_write(&cause) && path.is_file() => {
            if place::has_log(path) {
                return Err(error::log_in_the_way(path, cause));
            }
            let before = place::state(path)?;
            (open(options, Role::Writes, true)?, Some(before))
        }
        opened => (opened?, None),
    };
    let place = Place::of(&connection, path, frozen)?;
    Ok((connection, Some(place)))
}

/// Opens one more connection, which only reads, to the file of the writer.
pub(super) fn open_reader(options: &SqliteOptions, place: Option<&Place>) -> Result<Connection, Error> {
    let opened = open(options, Role::Reads, place.is_some_and(Place::is_frozen));
    let Some(place) = place else { return opened };
    let connection = opened.map_err(|cause| place.check().err().unwrap_or(cause))?;
    place.check_opened(&connection)?;
    Ok(connection)
}

fn open(options: &SqliteOptions, role: Role, is_frozen: bool) -> Result<Connection, Error> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reads = options.read_only || role == Role::Reads;
    flags |= if reads { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    if options.create && !reads {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let (file, name) = match &options.location {
        Location::File(path) => (Some(path.as_path()), path.display().to_string()),
        Location::Memory(_) => (None, "in memory".to_owned()),
    };
    let opened = match &options.location {
        // SQLite takes some relative names for URIs, or for a database in memory.
        Location::File(path) if is_frozen => {
            Connection::open_with_flags(place::frozen(path), flags | OpenFlags::SQLITE_OPEN_URI)
        }
        Location::File(path) => Connection::open_with_flags(Path::new(".").join(path), flags),
        Location::Memory(_) => Connection::open_in_memory(),
    };
    let connection = opened.map_err(|cause| match role {
        Role::Writes => error::opening(file, cause),
        Role::Reads => error::opening_another(&name, cause),
    })?;
    let failed = |cause| match role {
        Role::Writes => error::of("set up the connection")(cause),
        Role::Reads => error::opening_another(&name, cause),
    };
    let prepare = || {
        set_up(&connection, options).map_err(&failed)?;
        if !reads {
            // In this mode, readers and the writer do not block each other. The file keeps the mode.
            let mode = write_ahead(&connection, options.busy_timeout).map_err(&failed)?;
            check_mode(&options.location, &mode)?;
            set_up_writer(&connection, options.synchronous).map_err(&failed)?;
        }
        // The first access to the file, which may be anything.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(&failed)
    };
    // Checked while the connection still has the files that it could open.
    prepare()
        .map_err(|cause| if error::has_no_handles() { error::no_handles(&name, cause) } else { cause })?;
    Ok(connection)
}

fn set_up(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A missing column is an error, not the text of its name.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    Ok(())
}

fn set_up_writer(connection: &Connection, synchronous: Synchronous) -> rusqlite::Result<()> {
    // Always set: a data key that is destroyed later may leave no copy on a page that was split before.
    connection.pragma_update(None, "secure_delete", true)?;
    // No copy may stay in a temporary file either.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // This matters where `fsync` alone does not reach the disk, and has no effect elsewhere.
    let is_full = synchronous == Synchronous::Full;
    connection.pragma_update(None, "fullfsync", is_full)?;
    connection.pragma_update(None, "checkpoint_fullfsync", is_full)?;
    connection.execute_batch(match synchronous {
        Synchronous::Full => "PRAGMA synchronous = FULL",
        Synchronous::Normal => "PRAGMA synchronous = NORMAL",
    })
}

/// Returns the mode now in force. The loop is needed: SQLite does not always wait for others that change the mode.
fn write_ahead(connection: &Connection, timeout: Duration) -> rusqlite::Result<String> {
    let until = Instant::now() + timeout;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(cause) if error::is_busy(&cause) && Instant::now() < until => {
                thread::sleep(Duration::from_millis(2));
            }
            answer => return answer,
        }
    }
}

/// Fails unless the mode is WAL: SQLite refuses a mode by returning another. In any other mode, a reader would block
/// the writer.
fn check_mode(location: &Location, mode: &str) -> Result<(), Error> {
    let Location::File(path) = location else { return Ok(()) };
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "the database {} cannot have a write-ahead log: its journal mode stays `{mode}`; put it on a local \
             file system, which has locks and shared memory",
            path.display()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_that_cannot_have_a_write_ahead_log_is_refused() {
        let file = std::env::temp_dir().join(format!("es-no-wal-{}.db", std::process::id()));
        let options = SqliteOptions::file(&file);
        // This VFS locks by files alone, as if there were no shared memory.
        let connection =
            Connection::open_with_flags_and_vfs(&file, OpenFlags::default(), c"unix-dotfile").unwrap();
        let mode = write_ahead(&connection, options.busy_timeout).unwrap();
        let error = check_mode(&options.location, &mode).unwrap_err();
        drop(connection);
        let _ = std::fs::remove_file(&file);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("stays `delete`; put it on a local file system"), "{error}");
    }

    #[test]
    fn a_write_ahead_log_is_taken_and_memory_needs_none() {
        check_mode(&SqliteOptions::file("a.db").location, "wal").unwrap();
        check_mode(&SqliteOptions::in_memory().location, "memory").unwrap();
    }
}
