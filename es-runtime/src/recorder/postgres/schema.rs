//! The tables in the dialect of PostgreSQL.

use super::names::{Names, literal};
use crate::error::{Error, ErrorKind};
use crate::recorder::sql::{ColumnType, EventTable, Identifier, Table, Tables};

/// Returns the tables of one application: for its events, its data keys, and its tracking.
pub(super) fn tables(names: &Names, tables: &Tables) -> Vec<Table> {
    let Tables { events, tracking, data_keys, .. } = tables;
    vec![
        of_events(names, events),
        Table::new(tracking, of_tracking(names)),
        Table::new(data_keys, of_data_keys(names)),
    ]
}

/// The longest ending that this module adds to the name of a table.
const ENDING: usize = "_serial".len();

/// Refuses two tables of one name, and names that the server would cut off, since parts of a table have its name with an
/// ending.
pub(super) fn check_names(tables: &Tables) -> Result<(), Error> {
    tables.check()?;
    let Tables { events, snapshots, tracking, data_keys } = tables;
    for name in [&events.name, &snapshots.name, tracking, data_keys].map(Identifier::as_str) {
        let most = 63 - ENDING;
        if name.len() > most {
            let message = format!(
                "the name `{name}` of a table has {} letters, and PostgreSQL has room for {most}; shorten it",
                name.len()
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
    }
    Ok(())
}

fn of_events(names: &Names, events: &EventTable) -> Table {
    let EventTable { id, version, topic, state, name, .. } = events;
    let own = own_columns(events);
    let definitions: String = own.iter().flat_map(|(_, definition)| [definition, ",\n    "]).collect();
    let Names { events: table, block, gate, .. } = names;
    let part = |end: &str| format!("\"{}_{end}\"", name.as_str());
    let [pkey, place, first, once] = ["pkey", "place", "first", "once"].map(part);
    // Columns of fixed width come first: so nothing is wasted between them.
    // The table checks nothing but nulls: the server would parse each check anew in every statement, and readers check
    // every value anyway.
    // The number that the sequence draws at once makes its last value always a number that was drawn.
    // The gate has no rows. Each append takes the weak lock of the table, and forgetting takes the strong one.
    let create = format!(
        "CREATE TABLE {table} (
    log_position bigint NOT NULL,
    {version} bigint NOT NULL,
    {id} uuid NOT NULL,
    commit_id uuid NOT NULL,
    slice smallint NOT NULL,
    once boolean NOT NULL,
    {topic} text COLLATE \"C\" NOT NULL,
    {definitions}{state} bytea NOT NULL,
    CONSTRAINT {pkey} PRIMARY KEY (log_position),
    CONSTRAINT {place} UNIQUE ({id}, {version})
);
CREATE INDEX {first} ON {table} ({topic}, log_position) WHERE {version} = 1;
CREATE INDEX {once} ON {table} (commit_id, {id}) WHERE once;
CREATE SEQUENCE {block} AS bigint MINVALUE 0 START 0 CACHE 1 OWNED BY {table}.log_position;
SELECT nextval({});
CREATE TABLE {gate} (closed boolean NOT NULL);",
        literal(block)
    );
    Table::new(name, create)
        .with_parts(
            ["first", "once", "block", "serial", "gate"].map(|part| format!("{}_{part}", name.as_str())),
        )
        .with_own_columns(own)
}

/// Returns the type of a column of the user's own.
pub(super) const fn type_of(of: ColumnType) -> &'static str {
    match of {
        ColumnType::Integer => "bigint",
        ColumnType::Real => "double precision",
        ColumnType::Text => "text",
        ColumnType::Bytes => "bytea",
    }
}

/// Returns the user's own columns: name and definition.
fn own_columns(events: &EventTable) -> Vec<(String, String)> {
    let definition =
        |(own, of): &(Identifier, ColumnType)| (own.as_str().to_owned(), format!("{own} {}", type_of(*of)));
    events.own.iter().map(definition).collect()
}

fn of_tracking(Names { tracking, .. }: &Names) -> String {
    format!(
        "CREATE TABLE {tracking} (
    consumer text COLLATE \"C\" NOT NULL,
    upstream text COLLATE \"C\" NOT NULL,
    first_slice smallint NOT NULL,
    last_slice smallint NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    commit_id uuid NOT NULL,
    PRIMARY KEY (consumer, upstream, first_slice, last_slice)
);"
    )
}

fn of_data_keys(Names { data_keys, .. }: &Names) -> String {
    format!(
        "CREATE TABLE {data_keys} (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id uuid PRIMARY KEY,
    key_id bytea NOT NULL CHECK (octet_length(key_id) = 8),
    wrapped bytea NOT NULL,
    forgotten boolean NOT NULL
);"
    )
}

/// Returns the table of the snapshots of one application.
pub(super) fn of_snapshots(names: &Names, table: &EventTable) -> Table {
    let EventTable { id, version, topic, state, name, .. } = table;
    let create = format!(
        "CREATE TABLE {} (
    {version} bigint NOT NULL CHECK ({version} >= 0),
    {id} uuid NOT NULL,
    {topic} text COLLATE \"C\" NOT NULL,
    {state} bytea NOT NULL,
    UNIQUE ({id}, {topic}, {version})
);",
        names.snapshots
    );
    Table::new(name, create)
}
