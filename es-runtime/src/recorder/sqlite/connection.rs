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
        Location::File(path) => Connection::open_with_flags(path, flags)
            .map_err(|cause| error::opening(&path.display().to_string(), cause))?,
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
    if !reads {
        // Readers do not block the writer, nor it them. The mode is kept in the file.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch(match options.synchronous {
            Synchronous::Full => "PRAGMA synchronous = FULL",
            Synchronous::Normal => "PRAGMA synchronous = NORMAL",
        })?;
    }
    // The first look into the file: it may be anything.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}
