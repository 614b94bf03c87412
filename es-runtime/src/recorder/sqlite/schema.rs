use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::error;
use super::statements::Statements;
use crate::error::{Error, ErrorKind};

/// The version of the tables' form.
const VERSION: i64 = 1;

const META: &str = "CREATE TABLE IF NOT EXISTS es_schema (
     name TEXT PRIMARY KEY,
     version INTEGER NOT NULL,
     owner TEXT NOT NULL
 ) STRICT, WITHOUT ROWID";

/// Makes the tables, if they may be made, and checks that they are ours.
pub(super) fn prepare(
    connection: &mut Connection,
    statements: &Statements,
    create: bool,
) -> Result<(), Error> {
    if create && missing(connection, statements)?.is_some() {
        // Several processes may start at the same time: one makes the tables, the others find them.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error::of("make the tables"))?;
        if missing(&transaction, statements)?.is_some() {
            make(&transaction, statements)?;
        }
        transaction.commit().map_err(error::of("make the tables"))?;
    }
    if let Some(table) = missing(connection, statements)? {
        return Err(schema(format!(
            "the database has no table `{table}` of this program; check the path and the name"
        )));
    }
    check(connection, statements)
}

fn make(connection: &Connection, statements: &Statements) -> Result<(), Error> {
    let failed = error::of("make the tables");
    for table in &statements.tables {
        if exists(connection, table)? && recorded(connection, table)?.is_none() {
            return Err(schema(format!(
                "there is a table `{table}` that this program did not make; choose other names, or another database"
            )));
        }
    }
    connection
        .execute_batch(META)
        .and_then(|()| connection.execute_batch(&statements.create))
        .map_err(&failed)?;
    for table in &statements.tables {
        let row = (table, VERSION, &statements.owner);
        connection
            .execute("INSERT INTO es_schema (name, version, owner) VALUES (?1, ?2, ?3)", row)
            .map_err(&failed)?;
    }
    Ok(())
}

/// A table that is not there yet; an error if one is not for us.
fn missing<'a>(connection: &Connection, statements: &'a Statements) -> Result<Option<&'a str>, Error> {
    let mut missing = None;
    for table in &statements.tables {
        match recorded(connection, table)? {
            None => missing = Some(table.as_str()),
            Some((VERSION, owner)) if owner == statements.owner => {}
            Some((VERSION, owner)) => {
                return Err(schema(format!(
                    "the table `{table}` belongs to the events in `{owner}`, not to those in `{}`; give each \
                     application tables of its own, for example with `Tables::with_prefix`",
                    statements.owner
                )));
            }
            Some((other, _)) => {
                return Err(schema(format!(
                    "the table `{table}` has form {other}, but this program knows form {VERSION}; \
                     update the program, or open another database"
                )));
            }
        }
    }
    Ok(missing)
}

fn schema(message: String) -> Error {
    Error::new(ErrorKind::Schema, message)
}

/// Whether the tables have the columns that the statements need.
fn check(connection: &Connection, statements: &Statements) -> Result<(), Error> {
    let tracking = statements.has_log.then_some(&statements.track);
    for statement in [&statements.columns].into_iter().chain(tracking) {
        connection.prepare(statement).map_err(|cause| {
            let tables = statements.tables.join("`, `");
            schema(format!("a table of `{tables}` has other columns than this program expects: {cause}; check their names"))
                .with_source(cause)
        })?;
    }
    Ok(())
}

fn exists(connection: &Connection, table: &str) -> Result<bool, Error> {
    let found = connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE", [table], |_| Ok(()))
        .optional()
        .map_err(error::of("look for the tables"))?;
    Ok(found.is_some())
}

/// The version of a table's form, and the table of events that it belongs to.
fn recorded(connection: &Connection, table: &str) -> Result<Option<(i64, String)>, Error> {
    if !exists(connection, "es_schema")? {
        return Ok(None);
    }
    let found = connection
        .query_row("SELECT version, owner FROM es_schema WHERE name = ?1", [table], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional();
    found.map_err(error::of("look for the tables"))
}
