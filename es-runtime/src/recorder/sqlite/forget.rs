//! Forgetting: the data key is written over, in the table and in all copies that the database's files hold.

use rusqlite::{Connection, TransactionBehavior};
use uuid::Uuid;

use super::error;
use super::statements::Statements;
use crate::error::{Error, ErrorKind};

pub(super) fn forget(connection: &mut Connection, statements: &Statements, id: Uuid) -> Result<(), Error> {
    write_over(connection, statements, id)?;
    // The log of changes still has the page as it was before.
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(error::of("cut off the write-ahead log, which still holds the destroyed data key"))?;
    if busy == 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Timeout,
        format!(
            "aggregate {id} is forgotten, but the write-ahead log still holds its data key, since somebody reads from \
             it; forget it again once the readers are done"
        ),
    ))
}

fn write_over(connection: &mut Connection, statements: &Statements, id: Uuid) -> Result<(), Error> {
    let failed = error::of("destroy the data key");
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
    for statement in &statements.forget {
        transaction.execute(statement, [id.as_bytes().as_slice()]).map_err(&failed)?;
    }
    transaction.commit().map_err(error::committing)
}
