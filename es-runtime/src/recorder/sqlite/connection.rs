use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error;
use super::options::{Location, SqliteOptions, Synchronous};
use crate::error::Error;

/// How many statements a connection keeps prepared.
const STATEMENTS: usize = 64;

pub(super) enum Role {
    Writes,
    Reads,
}

pub(super) fn open(options: &SqliteOptions, role: &Role) -> Result<Connection, Error> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reads = options.read_only || matches!(role, Role::Reads);
    flags |= if reads { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    if options.create && !reads {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = match &options.location {
        Location::File(path) => {
            // SQLite takes some relative names for URIs, or for a database in memory.
            let file = Path::new(".").join(path);
            Connection::open_with_flags(file, flags)
                .map_err(|cause| error::opening(&path.display().to_string(), cause))?
        }
        Location::Memory(_) => {
            Connection::open_in_memory().map_err(|cause| error::opening("memory", cause))?
        }
    };
    set_up(&connection, options, reads).map_err(error::of("set up the connection"))?;
    Ok(connection)
}

fn set_up(connection: &Connection, options: &SqliteOptions, reads: bool) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A column that is not there is an error, not the text of its name.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    if !reads {
        // Readers do not block the writer, nor it them. The mode is kept in the file.
        write_ahead(connection, options.busy_timeout)?;
        // Always: a data key that is destroyed later may leave no copy behind where its page was split before.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.execute_batch(match options.synchronous {
            Synchronous::Full => "PRAGMA synchronous = FULL",
            Synchronous::Normal => "PRAGMA synchronous = NORMAL",
        })?;
    }
    // The first look into the file: it may be anything.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// SQLite does not always wait for others that change the mode at the same time.
fn write_ahead(connection: &Connection, timeout: Duration) -> rusqlite::Result<()> {
    let until = Instant::now() + timeout;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            Err(cause) if error::is_busy(&cause) && Instant::now() < until => {
                thread::sleep(Duration::from_millis(2));
            }
            answer => return answer,
        }
    }
}
