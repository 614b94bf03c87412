//! The checks of a log at its opening: that its order can be kept.

use tokio_postgres::types::Type;

use super::connection::Connection;
use super::error;
use super::names::Names;
use super::rows::value;
use super::statements::Statements;
use crate::error::Error;
use crate::id::DataKeyId;

/// Refuses a log that was made for the other way to append.
pub(super) async fn way(connection: &Connection, names: &Names) -> Result<(), Error> {
    const WAYS: &str = "SELECT to_regclass($1::text) IS NULL AND to_regclass($2::text) IS NOT NULL";
    let both = [(&names.block as _, Type::TEXT), (&names.other_block as _, Type::TEXT)];
    let rows = connection.query_once(WAYS, &both).await.map_err(error::of("look for the tables"))?;
    if rows.first().and_then(|row| value(row, 0)).unwrap_or(false) {
        return Err(error::other_way(&names.events, names.is_serial));
    }
    Ok(())
}

/// Refuses a server that hides its locks, and a sequence that would hand out places that are taken.
pub(super) async fn order(connection: &Connection, statements: &Statements) -> Result<(), Error> {
    let names = &statements.names;
    if !names.is_serial {
        shows_locks(connection).await?;
    }
    let rows = connection.query(&statements.is_behind, &[]).await;
    let rows = rows.map_err(error::of("check the sequence"))?;
    if rows.first().and_then(|row| value(row, 0)).unwrap_or(false) {
        return Err(error::behind(&names.block, &names.events));
    }
    Ok(())
}

/// Takes a lock that means nothing, and looks for it as readers look for appends.
async fn shows_locks(connection: &Connection) -> Result<(), Error> {
    let key = i64::from_be_bytes(DataKeyId::random().to_bytes()) & i64::MAX;
    let statements = format!(
        "SELECT pg_try_advisory_xact_lock_shared({key});
         SELECT count(*) FROM pg_locks
          WHERE locktype = 'advisory' AND classid = {} AND objid = {} AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        key >> 32,
        key & 0xffff_ffff,
    );
    match connection.ask(&statements).await {
        Ok(Some(count)) if count != "0" => Ok(()),
        Ok(_) => Err(error::hidden_locks(None)),
        // There is no such view, or the role may not read it.
        Err(cause) if cause.code().is_some_and(|code| code.code().starts_with("42")) => {
            Err(error::hidden_locks(Some(cause)))
        }
        Err(cause) => Err(error::of("look for locks")(cause)),
    }
}
