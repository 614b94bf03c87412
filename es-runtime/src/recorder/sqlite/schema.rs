//! The tables in the dialect of SQLite.

use crate::recorder::sql::{Change, ColumnType, EventTable, Identifier, Table, Tables};

/// Returns the tables of one application: for its events, its data keys, and its tracking.
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

/// Returns the user's own columns: name and definition.
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

/// Returns the statement that makes the table of events without its indexes; `name` is inserted unquoted.
pub(super) fn events_alone(events: &EventTable, name: &str, own: &[&str]) -> String {
    let EventTable { id, version, topic, state, .. } = events;
    // The comma has a line of its own, because a definition may end in a comment.
    let own: String = own.iter().flat_map(|definition| [definition, "\n,"]).collect();
    // The state comes last: it may be long, and SQLite reads a later column only through it.
    // The checks also hold for rows of other programs. The key is part of the table, so it cannot be lost.
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

/// The suffixes of the names of the indexes on the table of events.
pub(super) const PARTS: [&str; 2] = ["first", "once"];

/// Returns the statements that make the indexes of the events.
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
    // Until form 2, a place was a number, without its commit and its consumer. The migration sets the old table aside.
    let old = format!("\"{}_form_2\"", tracking.as_str());
    let to_form_3 = format!("ALTER TABLE {tracking} RENAME TO {old}; {create}");
    Table::new(tracking, create).with_migrations([vec![], vec![Change::Run(to_form_3)]])
}

fn of_data_keys(data_keys: &Identifier) -> Table {
    // Rows keep their places, in the order of insertion, so an overwritten key leaves no copy behind.
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

/// Returns the table of the snapshots of one application.
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
    // In form 1, a snapshot was an event: it had the id of its commit, and a version had one snapshot.
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
