//! The catalog of a database, through which the [schema engine](crate::recorder::sql) finds and changes tables.

use std::future::Future;
use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error as DriverError, Row};

use super::connection::Connection;
use super::error;
use super::rows::value;
use crate::error::{Error, ErrorKind};
use crate::recorder::sql::{Catalog, Column, EventTable, Identifier, Needed};
use crate::wait::{Wait, timeout};

/// A schema of the database, for work on a thread that may block.
pub(super) struct Tables<'a> {
    pub(super) connection: &'a Connection,
    pub(super) schema: &'a Identifier,
    /// The time that the server has for each statement.
    pub(super) limit: Duration,
}

/// Keeps other processes from making tables at the same time.
const LOCK: &str = "BEGIN; SELECT pg_advisory_xact_lock(7310034283826797102)";

/// Makes the tables, if the options permit it, and checks that they are ours. After an error the connection may be within a
/// transaction: it has to end.
pub(super) fn prepare(tables: &Tables<'_>, needed: &Needed, may_change: bool) -> Result<(), Error> {
    if may_change && needed.is_lacking(tables)? {
        const DOING: &str = "make the tables";
        tables.run(DOING, LOCK)?;
        tables.make_schema()?;
        needed.make(tables)?;
        tables.run(DOING, "COMMIT")?;
    }
    needed.check(tables)
}

/// Returns the statements that make all tables in an empty database.
pub(super) fn script(schema: &Identifier, needed: &Needed) -> String {
    let Needed { tables, owner, .. } = needed;
    let begin = format!("CREATE SCHEMA IF NOT EXISTS {schema};\n{};\n", forms(schema));
    let made = tables.iter().map(|table| {
        format!(
            "\n{}\nINSERT INTO {schema}.es_schema (name, version, owner) VALUES ('{}', {}, '{owner}');\n",
            table.create(),
            table.name(),
            table.form()
        )
    });
    std::iter::once(begin).chain(made).collect()
}

fn forms(schema: &Identifier) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {schema}.es_schema (
    name text PRIMARY KEY,
    version bigint NOT NULL,
    owner text NOT NULL
)"
    )
}

impl Tables<'_> {
    /// Waits for an answer, on this thread.
    fn wait<T>(
        &self,
        doing: &'static str,
        asking: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, Error> {
        let answer = timeout(self.limit, asking).wait();
        answer.map_err(|_| error::silent(doing, self.limit))?.map_err(error::of(doing))
    }

    fn ask(
        &self,
        doing: &'static str,
        text: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        self.wait(doing, self.connection.query_once(text, values))
    }

    /// Makes the schema, unless it is there: even to ask for that needs a right.
    fn make_schema(&self) -> Result<(), Error> {
        const DOING: &str = "make the schema";
        let known = self.ask(
            DOING,
            "SELECT 1 FROM pg_namespace WHERE nspname = $1",
            &[(&self.schema.as_str(), Type::TEXT)],
        )?;
        if known.is_empty() {
            self.run(DOING, &format!("CREATE SCHEMA IF NOT EXISTS {}", self.schema))?;
        }
        Ok(())
    }
}

impl Catalog for Tables<'_> {
    fn exists(&self, name: &str) -> Result<bool, Error> {
        const LOOK: &str = "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                            WHERE n.nspname = $1 AND c.relname = $2";
        Ok(!self
            .ask("look for the tables", LOOK, &[(&self.schema.as_str(), Type::TEXT), (&name, Type::TEXT)])?
            .is_empty())
    }

    fn recorded(&self, table: &str) -> Result<Option<(i64, String)>, Error> {
        if !self.exists("es_schema")? {
            return Ok(None);
        }
        let look = format!("SELECT version, owner FROM {}.es_schema WHERE name = $1", self.schema);
        let found = self.ask("look for the tables", &look, &[(&table, Type::TEXT)])?;
        let form = |row: &Row| value(row, 0).zip(value(row, 1));
        let wrong = || Error::new(ErrorKind::Schema, "the table `es_schema` has other columns; rename it");
        found.first().map(|row| form(row).ok_or_else(wrong)).transpose()
    }

    fn record(&self, table: &str, form: usize, owner: &str) -> Result<(), Error> {
        self.run("make the tables", &forms(self.schema))?;
        let record = format!(
            "INSERT INTO {}.es_schema (name, version, owner) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            self.schema
        );
        let form = i64::try_from(form).unwrap_or(i64::MAX);
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(&table, Type::TEXT), (&form, Type::INT8), (&owner, Type::TEXT)];
        self.ask("make the tables", &record, &values).map(drop)
    }

    fn columns(&self, table: &str) -> Result<Vec<Column>, Error> {
        const LOOK: &str = "SELECT a.attname::text, format_type(a.atttypid, NULL), a.attnotnull
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped";
        let found = self.ask(
            "look for the columns",
            LOOK,
            &[(&self.schema.as_str(), Type::TEXT), (&table, Type::TEXT)],
        )?;
        let column = |row: &Row| Column {
            name: value(row, 0).unwrap_or_default(),
            of: value(row, 1).unwrap_or_default(),
            is_required: value(row, 2).unwrap_or_default(),
        };
        Ok(found.iter().map(column).collect())
    }

    fn fits(&self, declared: &str, definition: &str) -> bool {
        definition.split_once(' ').is_some_and(|(_, of)| of == declared)
    }

    fn run(&self, doing: &'static str, statements: &str) -> Result<(), Error> {
        self.wait(doing, self.connection.run(statements))
    }

    fn add_column(&self, table: &str, definition: &str) -> Result<(), Error> {
        self.run("add a column", &format!("ALTER TABLE {}.\"{table}\" ADD COLUMN {definition}", self.schema))
    }

    fn rebuild(&self, _: &EventTable) -> Result<(), Error> {
        Err(Error::new(ErrorKind::Schema, "no release made tables of another form on PostgreSQL"))
    }

    fn remedy(&self) -> String {
        format!(
            "check the schema, which is `{}` here, and the prefix of the tables, or make the tables with the statements of \
             `PostgresOptions::script`",
            self.schema.as_str()
        )
    }

    fn accept(&self, statement: &str) -> Result<(), Error> {
        // As one request, and so in one session, also through a pooler.
        self.run("check the tables", &format!("PREPARE es_check AS {statement}; DEALLOCATE es_check"))
    }
}
