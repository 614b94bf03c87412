//! The statements for the tables of one application.

use std::fmt::Write;

use crate::recorder::sql::{EventTable, Identifier, Tables};

/// Their texts; each connection keeps them prepared.
#[derive(Debug)]
pub(super) struct Statements {
    /// Whether the events have positions in a log.
    pub(super) has_log: bool,
    /// The tables that they make and use.
    pub(super) tables: Vec<String>,
    /// The table of events that these belong to.
    pub(super) owner: String,
    pub(super) create: String,
    pub(super) columns: String,
    pub(super) insert: String,
    pub(super) commit_of: String,
    pub(super) last_version: String,
    pub(super) ascending: String,
    pub(super) descending: String,
    pub(super) log: String,
    pub(super) log_of_topics: String,
    pub(super) firsts: String,
    pub(super) firsts_of_topics: String,
    pub(super) last_position: String,
    pub(super) track: String,
    pub(super) tracked: String,
}

impl Statements {
    pub(super) fn events(tables: &Tables) -> Self {
        Self::new(&tables.events, Some(&tables.tracking), &tables.events.name)
    }

    pub(super) fn snapshots(tables: &Tables) -> Self {
        Self::new(&tables.snapshots, None, &tables.events.name)
    }

    fn new(table: &EventTable, tracking: Option<&Identifier>, owner: &Identifier) -> Self {
        let EventTable { name, id, version, topic, state } = table;
        let columns = format!("{id}, {version}, {topic}, {state}");
        let range = format!("FROM {name} WHERE {id} = ?1 AND {version} BETWEEN ?2 AND ?3 ORDER BY {version}");
        let first = format!("{}_first", name.as_str());
        let position = tracking.map_or("", |_| "log_position INTEGER PRIMARY KEY AUTOINCREMENT,");
        // The checks hold also what others write. The key is part of the table: it cannot be lost.
        let mut create = format!(
            "CREATE TABLE {name} (
                 {position}
                 {id} BLOB NOT NULL CHECK (length({id}) = 16),
                 {version} INTEGER NOT NULL CHECK ({version} >= 0),
                 {topic} TEXT NOT NULL,
                 {state} BLOB NOT NULL,
                 commit_id BLOB NOT NULL CHECK (length(commit_id) = 16),
                 UNIQUE ({id}, {version})
             ) STRICT;"
        );
        if let Some(tracking) = tracking {
            let _ = write!(
                create,
                "CREATE INDEX \"{first}\" ON {name} ({topic}) WHERE {version} = 1;
                 CREATE TABLE {tracking} (
                     upstream TEXT PRIMARY KEY,
                     position INTEGER NOT NULL CHECK (position > 0)
                 ) STRICT, WITHOUT ROWID;"
            );
        }
        let names: Vec<String> =
            [Some(name), tracking].into_iter().flatten().map(|name| name.as_str().to_owned()).collect();
        let tracking = tracking.map(ToString::to_string).unwrap_or_default();
        let place = if tracking.is_empty() { "NULL" } else { "log_position" };
        let of_topics = format!("AND {topic} IN (SELECT value FROM json_each(?4))");
        // As the index says it: that of the first events is then used.
        let firsts = format!("AND {version} = 1");
        let log = |which: &str| {
            format!(
                "SELECT log_position, {columns} FROM {name} WHERE log_position BETWEEN ?1 AND ?2 {which}
                 ORDER BY log_position LIMIT ?3"
            )
        };
        Self {
            has_log: !tracking.is_empty(),
            tables: names,
            owner: owner.as_str().to_owned(),
            create,
            columns: format!("SELECT {place}, {columns}, commit_id FROM {name} LIMIT 0"),
            insert: format!("INSERT INTO {name} ({columns}, commit_id) VALUES (?1, ?2, ?3, ?4, ?5)"),
            commit_of: format!("SELECT commit_id, {place} FROM {name} WHERE {id} = ?1 AND {version} = ?2"),
            last_version: format!("SELECT max({version}) FROM {name} WHERE {id} = ?1"),
            ascending: format!("SELECT {version}, {topic}, {state} {range} ASC LIMIT ?4"),
            descending: format!("SELECT {version}, {topic}, {state} {range} DESC LIMIT ?4"),
            log: log(""),
            log_of_topics: log(&of_topics),
            firsts: log(&firsts),
            firsts_of_topics: log(&format!("{firsts} {of_topics}")),
            last_position: format!("SELECT max(log_position) FROM {name}"),
            track: format!(
                "INSERT INTO {tracking} (upstream, position) VALUES (?1, ?2)
                 ON CONFLICT (upstream) DO UPDATE SET position = excluded.position
                 WHERE position < excluded.position"
            ),
            tracked: format!("SELECT position FROM {tracking} WHERE upstream = ?1"),
        }
    }
}
