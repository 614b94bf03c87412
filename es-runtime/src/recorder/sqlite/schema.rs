//! The tables: made when they are not there, brought to the form of today when they are older, and never taken for
//! ours when they are not.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::error;
use crate::error::{Error, ErrorKind};
use crate::recorder::sql::Identifier;

const META: &str = "CREATE TABLE IF NOT EXISTS es_schema (
     name TEXT PRIMARY KEY,
     version INTEGER NOT NULL,
     owner TEXT NOT NULL
 ) STRICT, WITHOUT ROWID";

/// What a recorder needs.
pub(super) struct Needed {
    pub(super) tables: Vec<Table>,
    /// The table of events that these belong to.
    pub(super) owner: String,
    /// Statements that can be prepared if the tables have the columns that they should have.
    pub(super) checks: Vec<String>,
}

/// A table, and how it came to its form.
pub(super) struct Table {
    name: String,
    /// Makes it in the last form.
    create: String,
    /// What brings form 1 to form 2, and so on.
    migrations: Vec<String>,
    /// Columns of the user's own: name and definition.
    own: Vec<(String, String)>,
}

impl Table {
    pub(super) fn new(name: &Identifier, create: String) -> Self {
        Self { name: name.as_str().to_owned(), create, migrations: Vec::new(), own: Vec::new() }
    }

    pub(super) fn with_migrations(mut self, migrations: Vec<String>) -> Self {
        self.migrations = migrations;
        self
    }

    pub(super) fn with_own_columns(mut self, own: Vec<(String, String)>) -> Self {
        self.own = own;
        self
    }

    /// The form that this program knows.
    fn form(&self) -> usize {
        1 + self.migrations.len()
    }
}

/// What has to be done to a table.
enum Lack {
    Table,
    Migrations { from: usize },
    Columns(Vec<String>),
}

/// Makes the tables, if they may be made, and checks that they are ours.
pub(super) fn prepare(connection: &mut Connection, needed: &Needed, may_change: bool) -> Result<(), Error> {
    if may_change && first_lack(connection, needed)?.is_some() {
        // Several processes may start at the same time: one makes the tables, the others find them.
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(error::of("make the tables"))?;
        for table in &needed.tables {
            while let Some(lack) = lack(&transaction, table, &needed.owner)? {
                mend(&transaction, table, &needed.owner, &lack)?;
            }
        }
        transaction.commit().map_err(error::of("make the tables"))?;
    }
    if let Some((table, lack)) = first_lack(connection, needed)? {
        return Err(lacking(&table.name, &lack));
    }
    check(connection, needed)
}

fn first_lack<'a>(connection: &Connection, needed: &'a Needed) -> Result<Option<(&'a Table, Lack)>, Error> {
    for table in &needed.tables {
        if let Some(lack) = lack(connection, table, &needed.owner)? {
            return Ok(Some((table, lack)));
        }
    }
    Ok(None)
}

/// What a table lacks; an error if it is not for us.
fn lack(connection: &Connection, table: &Table, owner: &str) -> Result<Option<Lack>, Error> {
    let name = &table.name;
    let Some((form, recorded)) = recorded(connection, name)? else { return Ok(Some(Lack::Table)) };
    if recorded != owner {
        return Err(schema(format!(
            "the table `{name}` belongs to the events in `{recorded}`, not to those in `{owner}`; give each \
             application tables of its own, for example with `Tables::with_prefix`"
        )));
    }
    let known = table.form();
    match usize::try_from(form) {
        Ok(form) if form == known => {
            let columns = columns(connection, name)?;
            for (own, definition) in &table.own {
                let declared = columns.iter().find(|known| known.name.eq_ignore_ascii_case(own));
                if let Some(Column { of, .. }) = declared.filter(|column| !fits(&column.of, definition)) {
                    return Err(schema(format!(
                        "the column `{own}` of the table `{name}` holds {of}, and not what this program says: {definition}; \
                         say what it holds, or take another name"
                    )));
                }
            }
            let lacks = |own: &&(String, String)| {
                !columns.iter().any(|known| known.name.eq_ignore_ascii_case(&own.0))
            };
            let lacking: Vec<_> =
                table.own.iter().filter(lacks).map(|(_, definition)| definition.clone()).collect();
            Ok((!lacking.is_empty()).then_some(Lack::Columns(lacking)))
        }
        Ok(from) if (1..known).contains(&from) => Ok(Some(Lack::Migrations { from })),
        _ => Err(schema(format!(
            "the table `{name}` has form {form}, but this program knows form {known}; \
             update the program, or open another database"
        ))),
    }
}

fn mend(connection: &Connection, table: &Table, owner: &str, lack: &Lack) -> Result<(), Error> {
    let name = &table.name;
    let failed = error::of("make the tables");
    match lack {
        Lack::Table => {
            if exists(connection, name)? {
                return Err(schema(format!(
                    "there is a table `{name}` that this program did not make; choose other names, or another database"
                )));
            }
            connection
                .execute_batch(META)
                .and_then(|()| connection.execute_batch(&table.create))
                .map_err(&failed)?;
        }
        Lack::Migrations { from } => {
            for migration in table.migrations.iter().skip(from - 1) {
                connection.execute_batch(migration).map_err(error::of("bring a table to its new form"))?;
            }
        }
        Lack::Columns(definitions) => {
            for definition in definitions {
                let add = format!("ALTER TABLE \"{name}\" ADD COLUMN {definition}");
                connection.execute_batch(&add).map_err(error::of("add a column"))?;
            }
        }
    }
    let row = (name, i64::try_from(table.form()).unwrap_or(i64::MAX), owner);
    let record = "INSERT INTO es_schema (name, version, owner) VALUES (?1, ?2, ?3)
                  ON CONFLICT (name) DO UPDATE SET version = excluded.version";
    connection.execute(record, row).map(drop).map_err(&failed)
}

fn lacking(table: &str, lack: &Lack) -> Error {
    schema(match lack {
        Lack::Table => {
            format!("the database has no table `{table}` of this program; check the path and the name")
        }
        Lack::Migrations { from } => format!(
            "the table `{table}` has form {from}, that of an older release; open the database once for writing, \
             and not as `existing`: that brings it to the form of today"
        ),
        Lack::Columns(columns) => format!(
            "the table `{table}` lacks the column {}; open the database once for writing, and not as `existing`: \
             that adds it",
            columns.join(", ")
        ),
    })
}

fn schema(message: String) -> Error {
    Error::new(ErrorKind::Schema, message)
}

/// Whether the tables have the columns that the statements need.
fn check(connection: &Connection, needed: &Needed) -> Result<(), Error> {
    for statement in &needed.checks {
        connection.prepare(statement).map_err(|cause| {
            let tables: Vec<&str> = needed.tables.iter().map(|table| &*table.name).collect();
            let tables = tables.join("`, `");
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

/// Whether a column that was declared so can hold what the definition says.
fn fits(declared: &str, definition: &str) -> bool {
    let of = definition.rsplit(' ').next().unwrap_or_default();
    match declared.to_ascii_uppercase().as_str() {
        "ANY" => true,
        "INT" => of == "INTEGER",
        declared => of == declared,
    }
}

/// A column as the database has it.
pub(super) struct Column {
    pub(super) name: String,
    /// What it holds.
    pub(super) of: String,
    /// Whether it cannot be null.
    pub(super) is_required: bool,
}

pub(super) fn columns(connection: &Connection, table: &str) -> Result<Vec<Column>, Error> {
    let read = || -> rusqlite::Result<Vec<Column>> {
        let mut statement =
            connection.prepare("SELECT name, type, \"notnull\" FROM pragma_table_info(?1)")?;
        let column =
            |row: &Row<'_>| Ok(Column { name: row.get(0)?, of: row.get(1)?, is_required: row.get(2)? });
        statement.query_map([table], column)?.collect()
    };
    read().map_err(error::of("look for the columns"))
}

/// The form of a table, and the table of events that it belongs to.
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
