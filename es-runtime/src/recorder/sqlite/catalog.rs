//! The catalog of a SQLite database, through which the [schema engine](crate::recorder::sql) finds and changes tables.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{error, rebuild};
use crate::error::Error;
use crate::recorder::sql::{Catalog, Column, EventTable, Needed};

const FORMS: &str = "CREATE TABLE IF NOT EXISTS es_schema (
     name TEXT PRIMARY KEY,
     version INTEGER NOT NULL,
     owner TEXT NOT NULL
 ) STRICT, WITHOUT ROWID";

/// Makes the tables, if the options permit it, and checks that they are ours.
pub(super) fn prepare(connection: &mut Connection, needed: &Needed, may_change: bool) -> Result<(), Error> {
    if may_change && needed.is_lacking(connection)? {
        let failed = error::of("make the tables");
        rebuild::undisturbed(connection, |connection| {
            // Several processes may start at the same time: one makes the tables, the others find them.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
            needed.make(&*transaction)?;
            transaction.commit().map_err(&failed)
        })?;
    }
    needed.check(connection)
}

impl Catalog for Connection {
    fn exists(&self, name: &str) -> Result<bool, Error> {
        let found = self
            .query_row("SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE", [name], |_| Ok(()))
            .optional()
            .map_err(error::of("look for the tables"))?;
        Ok(found.is_some())
    }

    fn recorded(&self, table: &str) -> Result<Option<(i64, String)>, Error> {
        if !self.exists("es_schema")? {
            return Ok(None);
        }
        let found = self
            .query_row("SELECT version, owner FROM es_schema WHERE name = ?1", [table], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional();
        found.map_err(error::of("look for the tables"))
    }

    fn record(&self, table: &str, form: usize, owner: &str) -> Result<(), Error> {
        let failed = error::of("make the tables");
        self.execute_batch(FORMS).map_err(&failed)?;
        let record = "INSERT INTO es_schema (name, version, owner) VALUES (?1, ?2, ?3)
                      ON CONFLICT (name) DO UPDATE SET version = excluded.version";
        let form = i64::try_from(form).unwrap_or(i64::MAX);
        self.execute(record, params![table, form, owner]).map(drop).map_err(&failed)
    }

    fn columns(&self, table: &str) -> Result<Vec<Column>, Error> {
        let read = || -> rusqlite::Result<Vec<Column>> {
            let mut statement = self.prepare("SELECT name, type, \"notnull\" FROM pragma_table_info(?1)")?;
            let column =
                |row: &Row<'_>| Ok(Column { name: row.get(0)?, of: row.get(1)?, is_required: row.get(2)? });
            statement.query_map([table], column)?.collect()
        };
        read().map_err(error::of("look for the columns"))
    }

    fn fits(&self, declared: &str, definition: &str) -> bool {
        let of = definition.rsplit(' ').next().unwrap_or_default();
        match declared.to_ascii_uppercase().as_str() {
            "ANY" => true,
            "INT" => of == "INTEGER",
            declared => of == declared,
        }
    }

    fn run(&self, doing: &'static str, statements: &str) -> Result<(), Error> {
        self.execute_batch(statements).map_err(error::of(doing))
    }

    fn add_column(&self, table: &str, definition: &str) -> Result<(), Error> {
        let add = format!("ALTER TABLE \"{table}\" ADD COLUMN {definition}");
        self.execute_batch(&add).map_err(error::of("add a column"))
    }

    fn rebuild(&self, events: &EventTable) -> Result<(), Error> {
        rebuild::events(self, events)
    }

    fn remedy(&self) -> String {
        "check the path and the names of the tables".to_owned()
    }

    fn accept(&self, statement: &str) -> Result<(), Error> {
        self.prepare(statement).map(drop).map_err(error::of("check the tables"))
    }
}
