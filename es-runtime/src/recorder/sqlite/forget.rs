//! Forgetting: the data key is written over, in the table and in all copies that the database's files hold.

use std::fmt::Write;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};
use uuid::Uuid;

use super::insert::{self, Refusal};
use super::statements::Statements;
use super::{error, facts, select};
use crate::error::Error;
use crate::recorder::sql::{Catalog, EventTable, Identifier};
use crate::recorder::{Commit, StoredKey};

/// How long one attempt to cut off the log waits for readers: others want to write meanwhile.
const MOMENT: Duration = Duration::from_millis(50);

/// Stores a key in another form; tells whether the old one was still the stored form.
pub(super) fn replace_key(
    connection: &Connection,
    statements: &Statements,
    old: &StoredKey,
    new: &StoredKey,
) -> Result<bool, Error> {
    let (Some(key), Some(from), Some(to)) = (old.key(), old.wrapped(), new.wrapped()) else {
        return Ok(false);
    };
    if old.aggregate() != new.aggregate() || old.key() != new.key() {
        return Ok(false);
    }
    let failed = error::of("store the data key");
    let mut statement = connection.prepare_cached(&statements.replace_key).map_err(&failed)?;
    let (id, key) = (old.aggregate(), key.to_bytes());
    let row = params![id.as_bytes().as_slice(), key.as_slice(), from, to];
    statement.execute(row).map(|changed| changed > 0).map_err(&failed)
}

/// Destroys the key, stores the notice, and empties columns of the user's own; done again, it changes nothing. The key is
/// destroyed also if a column cannot be emptied. Returns whether it was done now.
pub(super) fn write_over(
    connection: &mut Connection,
    statements: &Statements,
    id: Uuid,
    notice: &Commit,
) -> Result<bool, Error> {
    let failed = error::of("destroy the data key");
    let mut transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
    if select::key(&transaction, statements, id)?.is_some_and(|key| key.is_forgotten()) {
        return Ok(false);
    }
    match insert::events(&transaction, statements, notice) {
        Ok(()) => {}
        Err(Refusal::Failed(error)) => return Err(error),
        Err(Refusal::ByFacts(error)) => facts::refused_notice(&transaction, statements, notice, error)?,
    }
    let key = id.as_bytes().as_slice();
    for statement in &statements.forget {
        transaction.execute(statement, [key]).map_err(&failed)?;
    }
    let emptied = match empty_own_columns(&transaction, &statements.events_table)? {
        Some(statement) => {
            let savepoint = transaction.savepoint().map_err(&failed)?;
            let emptied = savepoint.execute(&statement, [key]);
            // What it changed before it failed is taken back when it is dropped.
            if emptied.is_ok() {
                savepoint.commit().map_err(&failed)?;
            }
            emptied.map(drop)
        }
        None => Ok(()),
    };
    transaction.commit().map_err(error::committing)?;
    emptied.map(|()| true).map_err(error::of(
        "empty the columns of your own; the data key is destroyed, and they have to be emptied by hand",
    ))
}

/// All of them, also those that another program added.
fn empty_own_columns(connection: &Connection, table: &EventTable) -> Result<Option<String>, Error> {
    let EventTable { name, id, version, topic, state, .. } = table;
    let ours = [id, version, topic, state].map(Identifier::as_str);
    let ours = |column: &str| {
        let is = |ours: &str| ours.eq_ignore_ascii_case(column);
        ours.into_iter().chain(EventTable::FIXED).any(is)
    };
    let mut emptied = String::new();
    for column in connection.columns(name.as_str())?.iter().filter(|column| !ours(&column.name)) {
        let comma = if emptied.is_empty() { "" } else { ", " };
        let nothing = match (column.is_required, column.of.to_ascii_uppercase().as_str()) {
            (false, _) => "NULL",
            (true, "INTEGER" | "INT" | "REAL") => "0",
            (true, "BLOB") => "x''",
            (true, _) => "''",
        };
        // A name that somebody else chose.
        let _ = write!(emptied, "{comma}\"{}\" = {nothing}", column.name.replace('"', "\"\""));
    }
    Ok((!emptied.is_empty()).then(|| format!("UPDATE {name} SET {emptied} WHERE {id} = ?1")))
}

/// Cuts off the log of changes, which still has the pages as they were before. Tells whether it could.
pub(super) fn cut_off_log(connection: &Connection, usual: Duration) -> Result<bool, Error> {
    let failed = error::of("cut off the write-ahead log, which still holds what was forgotten");
    connection.busy_timeout(MOMENT.min(usual)).map_err(&failed)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(usual).map_err(&failed)?;
    busy.map(|busy| busy == 0).map_err(&failed)
}
