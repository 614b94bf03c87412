use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::error;
use super::statements::Statements;
use crate::error::{Error, ErrorKind};

/// The version of the tables' form.
const VERSION: i64 = 1;

const META: &str = "CREATE TABLE IF NOT EXISTS es_schema (
     name TEXT PRIMARY KEY,
     version INTEGER NOT NULL
 ) STRICT, WITHOUT ROWID";

/// Makes the tables, if they may be made, and checks that they are ours.
pub(super) fn prepare(
    connection: &mut Connection,
    statements: &Statements,
    table: &str,
    create: bool,
) -> Result<(), Error> {
    if create && recorded(connection, table)?.is_none() {
        // Several processes may start at the same time: one makes the tables, the others find them.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error::of("make the tables"))?;
        let made =
            transaction.execute_batch(META).and_then(|()| transaction.execute_batch(&statements.create));
        made.map_err(error::of("make the tables"))?;
        transaction
            .execute(
                "INSERT INTO es_schema (name, version) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                (table, VERSION),
            )
            .map_err(error::of("make the tables"))?;
        check(&transaction, statements, table)?;
        transaction.commit().map_err(error::of("make the tables"))?;
    }
    match recorded(connection, table)? {
        Some(VERSION) => {}
        Some(other) => {
            return Err(Error::new(
                ErrorKind::Schema,
                format!(
                    "the table `{table}` has form {other}, but this program knows form {VERSION}; \
                     update the program, or open another database"
                ),
            ));
        }
        None => {
            return Err(Error::new(
                ErrorKind::Schema,
                format!("the database has no table `{table}` of this program; check the path and the name"),
            ));
        }
    }
    check(connection, statements, table)
}

/// Whether the tables have the columns that the statements need.
fn check(connection: &Connection, statements: &Statements, table: &str) -> Result<(), Error> {
    let tracking = statements.has_log.then_some(&statements.track);
    for statement in [&statements.columns].into_iter().chain(tracking) {
        connection.prepare(statement).map_err(|cause| {
            Error::new(
                ErrorKind::Schema,
                format!(
                    "the table `{table}`, or that of the tracking, has other columns than this program expects: \
                     {cause}; check their names"
                ),
            )
            .with_source(cause)
        })?;
    }
    Ok(())
}

fn recorded(connection: &Connection, table: &str) -> Result<Option<i64>, Error> {
    let is_there = connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'es_schema'", [], |_| Ok(()))
        .optional()
        .map_err(error::of("look for the tables"))?;
    if is_there.is_none() {
        return Ok(None);
    }
    connection
        .query_row("SELECT version FROM es_schema WHERE name = ?1", [table], |row| row.get(0))
        .optional()
        .map_err(error::of("look for the tables"))
}
