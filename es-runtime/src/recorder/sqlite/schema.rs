//! The tables in the words of SQLite, and the catalog that the [schema engine](crate::recorder::sql) asks.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{error, rebuild};
use crate::error::Error;
use crate::recorder::sql::{
    Catalog, Change, Column, ColumnType, EventTable, Identifier, Needed, Table, Tables,
};

const FORMS: &str = "CREATE TABLE IF NOT EXISTS es_schema (
     name TEXT PRIMARY KEY,
     version INTEGER NOT NULL,
     owner TEXT NOT NULL
 ) STRICT, WITHOUT ROWID";

/// Makes the tables, if they may be made, and checks that they are ours.
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

/// The tables of the events of one application, of its data keys, and of what it tracks.
pub(super) fn tables(tables: &Tables) -> Vec<Table> {
    let Tables { events, tracking, data_keys, .. } = tables;
    vec![of_events(events), of_tracking(tracking), of_data_keys(data_keys)]
}

fn of_events(events: &EventTable) -> Table {
    let own = own_columns(events);
    let definitions: Vec<&str> = own.iter().map(|(_, definition)| &**definition).collect();
    let create =
        format!("{} {}", events_alone(events, &events.name.to_string(), &definitions), indexes(events));
    let rebuild = vec![Change::Rebuild(events.clone())];
    Table::new(&events.name, create)
        .with_parts(PARTS.map(|part| format!("{}_{part}", events.name.as_str())))
        .with_own_columns(own)
        .with_migrations([vec![], rebuild])
}

/// The columns of the user's own: name and definition.
pub(super) fn own_columns(events: &EventTable) -> Vec<(String, String)> {
    let definition = |(own, of): &(Identifier, ColumnType)| {
        let of = match of {
            ColumnType::Integer => "INTEGER",
            ColumnType::Real => "REAL",
            ColumnType::Text => "TEXT",
            ColumnType::Bytes => "BLOB",
        };
        (own.as_str().to_owned(), format!("{own} {of}"))
    };
    events.own.iter().map(definition).collect()
}

/// The statement that makes the table of events without its indexes, under a name that stands in it as it is.
pub(super) fn events_alone(events: &EventTable, name: &str, own: &[&str]) -> String {
    let EventTable { id, version, topic, state, .. } = events;
    // The comma on a line of its own: a definition may end in a comment.
    let own: String = own.iter().flat_map(|definition| [definition, "\n,"]).collect();
    // The state comes last: what stands behind it can only be reached through it, and it may be long.
    // The checks hold also what others write. The key is part of the table: it cannot be lost.
    format!(
        "CREATE TABLE {name} (
             log_position INTEGER PRIMARY KEY AUTOINCREMENT,
             {id} BLOB NOT NULL CHECK (length({id}) = 16),
             {version} INTEGER NOT NULL CHECK ({version} >= 0),
             {topic} TEXT NOT NULL,
             commit_id BLOB NOT NULL CHECK (length(commit_id) = 16),
             slice INTEGER NOT NULL CHECK (slice BETWEEN 0 AND 1023),
             once INTEGER NOT NULL,
             {own}
             {state} BLOB NOT NULL,
             UNIQUE ({id}, {version})
         ) STRICT;"
    )
}

/// The names of the indexes of the events, after that of the table.
pub(super) const PARTS: [&str; 2] = ["first", "once"];

/// The statements that make the indexes of the events.
pub(super) fn indexes(events: &EventTable) -> String {
    let EventTable { name, id, version, topic, .. } = events;
    let [first, once] = PARTS.map(|part| format!("\"{}_{part}\"", name.as_str()));
    format!(
        "CREATE INDEX {first} ON {name} ({topic}) WHERE {version} = 1;
         CREATE INDEX {once} ON {name} (commit_id, {id}) WHERE once;"
    )
}

fn of_tracking(tracking: &Identifier) -> Table {
    let create = format!(
        "CREATE TABLE {tracking} (
             consumer TEXT NOT NULL,
             upstream TEXT NOT NULL,
             first_slice INTEGER NOT NULL,
             last_slice INTEGER NOT NULL,
             position INTEGER NOT NULL CHECK (position > 0),
             commit_id BLOB NOT NULL CHECK (length(commit_id) = 16),
             PRIMARY KEY (consumer, upstream, first_slice, last_slice)
         ) STRICT, WITHOUT ROWID;"
    );
    // Until form 2, a place was a number, without its commit and its consumer. The migration sets the table aside.
    let old = format!("\"{}_form_2\"", tracking.as_str());
    let to_form_3 = format!("ALTER TABLE {tracking} RENAME TO {old}; {create}");
    Table::new(tracking, create).with_migrations([vec![], vec![Change::Run(to_form_3)]])
}

fn of_data_keys(data_keys: &Identifier) -> Table {
    // Rows stay where they were put, in the order in which they came: what is written over has left no copy behind.
    let create = format!(
        "CREATE TABLE {data_keys} (
             number INTEGER PRIMARY KEY,
             id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
             key_id BLOB NOT NULL CHECK (length(key_id) = 8),
             wrapped BLOB NOT NULL,
             forgotten INTEGER NOT NULL
         ) STRICT;"
    );
    let to_form_3 = format!(
        "ALTER TABLE {data_keys} ADD COLUMN key_id BLOB NOT NULL DEFAULT x'0000000000000000' CHECK (length(key_id) = 8);
         UPDATE {data_keys} SET key_id = randomblob(8) WHERE NOT forgotten;"
    );
    Table::new(data_keys, create).with_migrations([vec![], vec![Change::Run(to_form_3)]])
}

/// The table of the snapshots of one application.
pub(super) fn of_snapshots(table: &EventTable) -> Table {
    let EventTable { name, id, version, topic, state, .. } = table;
    let create = |name: &str| {
        format!(
            "CREATE TABLE {name} (
             {id} BLOB NOT NULL CHECK (length({id}) = 16),
             {version} INTEGER NOT NULL CHECK ({version} >= 0),
             {topic} TEXT NOT NULL,
             {state} BLOB NOT NULL,
             UNIQUE ({id}, {topic}, {version})
         ) STRICT;"
        )
    };
    // In form 1, a snapshot was an event: it had the id of its commit, and there was one of a version.
    let new = format!("\"{}_form_2\"", name.as_str());
    let columns = format!("{id}, {version}, {topic}, {state}");
    let to_form_2 = format!(
        "{}
         INSERT INTO {new} ({columns}) SELECT {columns} FROM {name};
         DROP TABLE {name};
         ALTER TABLE {new} RENAME TO {name};",
        create(&new)
    );
    Table::new(name, create(&name.to_string())).with_migrations([vec![Change::Run(to_form_2)], vec![]])
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

    fn accept(&self, statement: &str) -> Result<(), Error> {
        self.prepare(statement).map(drop).map_err(error::of("read a statement"))
    }
}
