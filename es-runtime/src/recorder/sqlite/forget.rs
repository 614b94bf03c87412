//! Forgetting: overwrites the data key, in the table and in all its copies in the files of the database.

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::inline::{Brought, Views};
use super::insert::{self, Refusal};
use super::statements::Statements;
use super::tx::Tx;
use super::{error, facts, select};
use crate::error::Error;
use crate::recorder::sql::{Catalog, Column, EventTable, Identifier, still_filled};
use crate::recorder::{Commit, StoredKey};

/// The time that one attempt to cut off the log waits for readers: others want to write meanwhile.
const MOMENT: Duration = Duration::from_millis(20);

/// Replaces a stored key; returns whether the old one was still stored.
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

/// Destroys the key and stores the notice; a repeated call changes nothing. Returns whether this call did it.
pub(super) fn write_over(
    connection: &Tx,
    statements: &Statements,
    views: &Views,
    id: Uuid,
    notice: &Commit,
) -> Result<bool, Error> {
    let failed = error::of("destroy the data key");
    let transaction =
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(&failed)?;
    if select::key(&transaction, statements, id)?.is_some_and(|key| key.is_forgotten()) {
        return Ok(false);
    }
    let followed = insert::check_gaps(&transaction, statements, notice);
    match followed.and_then(|()| insert::events(&transaction, statements, notice)) {
        Ok(()) => {}
        Err(Refusal::Failed(error)) => return Err(error),
        Err(Refusal::ByFacts(error)) => facts::refused_notice(&transaction, statements, notice, error)?,
    }
    let key = id.as_bytes().as_slice();
    for statement in &statements.forget {
        transaction.execute(statement, [key]).map_err(&failed)?;
    }
    let mut brought = Brought::default();
    brought.bring(connection, statements, views)?;
    transaction.commit().map_err(error::committing)?;
    brought.committed();
    Ok(true)
}

/// Empties the user's own columns in all rows of an aggregate whose key is destroyed, including columns that another
/// program added. Each column is emptied for itself: one that refuses keeps no other filled.
pub(super) fn empty_own_columns(
    connection: &Connection,
    table: &EventTable,
    aggregate: Uuid,
) -> Result<(), Error> {
    let EventTable { name, id, version, topic, state, .. } = table;
    let ours = [id, version, topic, state].map(Identifier::as_str);
    let ours = |column: &str| {
        let is = |ours: &str| ours.eq_ignore_ascii_case(column);
        ours.into_iter().chain(EventTable::FIXED).any(is)
    };
    let failed = error::of("empty the columns of your own");
    let key = aggregate.as_bytes().as_slice();
    let (mut filled, mut first_cause) = (Vec::new(), None);
    for Column { name: column, of, is_required } in connection.columns(name.as_str())? {
        if ours(&column) {
            continue;
        }
        let nothing = match (is_required, of.to_ascii_uppercase().as_str()) {
            (false, _) => "NULL",
            (true, "INTEGER" | "INT" | "REAL") => "0",
            (true, "BLOB") => "x''",
            (true, _) => "''",
        };
        // Another program may have chosen the name.
        let quoted = format!("\"{}\"", column.replace('"', "\"\""));
        // Empty rows are left alone: triggers refuse even an update without a change.
        let still = format!("WHERE {id} = ?1 AND {quoted} IS NOT {nothing}");
        let emptied = connection.execute(&format!("UPDATE {name} SET {quoted} = {nothing} {still}"), [key]);
        let look = format!("SELECT EXISTS (SELECT 1 FROM {name} {still})");
        if connection.query_row(&look, [key], |row| row.get(0)).map_err(&failed)? {
            filled.push(format!("`{column}`"));
            first_cause = first_cause.or(emptied.err());
        }
    }
    if filled.is_empty() {
        return Ok(());
    }
    let events = format!("`{}`", name.as_str());
    Err(still_filled(aggregate, &events, &filled, first_cause.map(&failed)))
}

/// Cuts off the write-ahead log, which still holds the earlier pages. Returns whether it could.
pub(super) fn cut_off_log(connection: &Connection, usual: Duration) -> Result<bool, Error> {
    let failed = error::of("cut off the write-ahead log, which still holds what was forgotten");
    connection.busy_timeout(MOMENT.min(usual)).map_err(&failed)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(usual).map_err(&failed)?;
    busy.map(|busy| busy == 0).map_err(&failed)
}
