//! The statements for the tables of one application.

use super::error;
use super::schema::{Needed, Table};
use crate::recorder::sql::{ColumnType, EventTable, Identifier, Tables};

/// What reads parts of sequences.
#[derive(Debug)]
pub(super) struct Ranges {
    pub(super) ascending: String,
    pub(super) descending: String,
}

impl Ranges {
    /// Of these columns.
    fn new(table: &EventTable, columns: &str) -> Self {
        Self::of_rows(table, columns, "")
    }

    /// Of these columns, of the rows of one kind.
    fn of_kind(table: &EventTable, columns: &str) -> Self {
        Self::of_rows(table, columns, &format!("AND {} = ?5", table.topic))
    }

    fn of_rows(table: &EventTable, columns: &str, which: &str) -> Self {
        let EventTable { name, id, version, .. } = table;
        let select = |order: &str| {
            format!(
                "SELECT {columns} FROM {name} WHERE {id} = ?1 AND {version} BETWEEN ?2 AND ?3 {which}
                 ORDER BY {version} {order} LIMIT ?4"
            )
        };
        Self { ascending: select("ASC"), descending: select("DESC") }
    }

    pub(super) fn of(&self, descending: bool) -> &str {
        if descending { &self.descending } else { &self.ascending }
    }
}

/// Their texts; each connection keeps them prepared.
#[derive(Debug)]
pub(super) struct Statements {
    /// The user's own columns, in the order in which they are inserted.
    pub(super) own: Vec<(String, ColumnType)>,
    /// Stores the first event of an aggregate, unless that is forgotten.
    pub(super) insert_first: String,
    /// Stores the next event of the same aggregate.
    pub(super) insert_next: String,
    pub(super) commit_of: String,
    pub(super) has_commit: String,
    pub(super) last_version: String,
    pub(super) events: Ranges,
    pub(super) log: String,
    pub(super) log_of_topics: String,
    pub(super) firsts: String,
    pub(super) firsts_of_topics: String,
    pub(super) last_position: String,
    pub(super) track: String,
    pub(super) tracked: String,
    pub(super) insert_key: String,
    pub(super) key: String,
    pub(super) replace_key: String,
    /// What forgetting does, in this order, with the id.
    pub(super) forget: [String; 2],
    /// The table of events, which may have columns that this program does not know.
    pub(super) events_table: EventTable,
}

impl Statements {
    pub(super) fn new(Tables { events, tracking, data_keys, .. }: &Tables) -> Self {
        let EventTable { own, name, id, version, topic, state } = events;
        let columns = format!("{id}, {version}, {topic}, {state}");
        let of_topics = format!("AND {topic} IN (SELECT value FROM json_each(?4))");
        // As the index says it: that of the first events is then used.
        let firsts = format!("AND {version} = 1");
        let log = |which: &str| {
            format!(
                "SELECT log_position, {columns} FROM {name} WHERE log_position BETWEEN ?1 AND ?2 {which}
                 ORDER BY log_position LIMIT ?3"
            )
        };
        let own_names: Vec<String> = own.iter().map(|(own, _)| format!(", {own}")).collect();
        let insert = format!("INSERT INTO {name} ({columns}, commit_id{})", own_names.concat());
        let values: Vec<String> = (1..).take(5 + own.len()).map(|at| format!("?{at}")).collect();
        let values = values.join(", ");
        let has_key = 6 + own.len();
        let forget = [
            // As long as before: it is written over where it stands.
            format!(
                "UPDATE {data_keys} SET wrapped = zeroblob(length(wrapped)), forgotten = 1 WHERE id = ?1"
            ),
            format!(
                "INSERT INTO {data_keys} (id, wrapped, forgotten) VALUES (?1, x'', 1) ON CONFLICT DO NOTHING"
            ),
        ];
        Self {
            own: own.iter().map(|(own, of)| (own.as_str().to_owned(), *of)).collect(),
            insert_first: format!(
                "{insert} SELECT {values}
                 WHERE NOT EXISTS (SELECT 1 FROM {data_keys} WHERE id = ?1 AND (forgotten OR NOT ?{has_key}))"
            ),
            insert_next: format!("{insert} VALUES ({values})"),
            commit_of: format!(
                "SELECT commit_id, {topic}, log_position FROM {name} WHERE {id} = ?1 AND {version} = ?2"
            ),
            has_commit: format!("SELECT EXISTS (SELECT 1 FROM {name} WHERE {id} = ?1 AND commit_id = ?2)"),
            last_version: format!("SELECT max({version}) FROM {name} WHERE {id} = ?1"),
            events: Ranges::new(events, &format!("{version}, {topic}, {state}")),
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
            insert_key: format!(
                "INSERT INTO {data_keys} (id, wrapped, forgotten) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING"
            ),
            replace_key: format!(
                "UPDATE {data_keys} SET wrapped = ?3 WHERE id = ?1 AND wrapped = ?2 AND NOT forgotten"
            ),
            key: format!("SELECT wrapped, forgotten FROM {data_keys} WHERE id = ?1"),
            forget,
            events_table: events.clone(),
        }
    }

    pub(super) fn has_own(&self, name: &str) -> bool {
        self.own.iter().any(|(own, _)| own == name)
    }

    /// Whether it says that there is an event of this id and version. An index of the user's own may also be unique.
    pub(super) fn is_taken(&self, cause: &rusqlite::Error) -> bool {
        let EventTable { name, id, version, .. } = &self.events_table;
        let [name, id, version] = [name, id, version].map(Identifier::as_str);
        let taken = format!("UNIQUE constraint failed: {name}.{id}, {name}.{version}");
        // The names are those of the table, whose letters may be larger or smaller.
        let said = cause.to_string().to_ascii_lowercase();
        error::is_taken(cause) && said.ends_with(&taken.to_ascii_lowercase())
    }

    /// The tables that they use.
    pub(super) fn needed(&self, Tables { events, tracking, data_keys, .. }: &Tables) -> Needed {
        let EventTable { own, name, id, version, topic, state } = events;
        let own: Vec<(String, String)> = own
            .iter()
            .map(|(own, of)| {
                let of = match of {
                    ColumnType::Integer => "INTEGER",
                    ColumnType::Real => "REAL",
                    ColumnType::Text => "TEXT",
                    ColumnType::Bytes => "BLOB",
                };
                (own.as_str().to_owned(), format!("{own} {of}"))
            })
            .collect();
        let own_columns: Vec<String> = own.iter().map(|(_, column)| format!("{column},")).collect();
        let own_columns = own_columns.concat();
        let first = format!("{}_first", name.as_str());
        // The state comes last: what stands behind it can only be reached through it, and it may be long.
        // The checks hold also what others write. The key is part of the table: it cannot be lost.
        let events = format!(
            "CREATE TABLE {name} (
                 log_position INTEGER PRIMARY KEY AUTOINCREMENT,
                 {id} BLOB NOT NULL CHECK (length({id}) = 16),
                 {version} INTEGER NOT NULL CHECK ({version} >= 0),
                 {topic} TEXT NOT NULL,
                 commit_id BLOB NOT NULL CHECK (length(commit_id) = 16),
                 {own_columns}
                 {state} BLOB NOT NULL,
                 UNIQUE ({id}, {version})
             ) STRICT;
             CREATE INDEX \"{first}\" ON {name} ({topic}) WHERE {version} = 1;"
        );
        let tracked = format!(
            "CREATE TABLE {tracking} (
                 upstream TEXT PRIMARY KEY,
                 position INTEGER NOT NULL CHECK (position > 0)
             ) STRICT, WITHOUT ROWID;"
        );
        // Rows stay where they were put, in the order in which they came: what is written over has left no copy behind.
        let keys = format!(
            "CREATE TABLE {data_keys} (
                 number INTEGER PRIMARY KEY,
                 id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
                 wrapped BLOB NOT NULL,
                 forgotten INTEGER NOT NULL
             ) STRICT;"
        );
        Needed {
            tables: vec![
                Table::new(name, events).with_own_columns(own),
                Table::new(tracking, tracked),
                Table::new(data_keys, keys),
            ],
            owner: name.as_str().to_owned(),
            checks: vec![
                self.insert_first.clone(),
                self.log.clone(),
                self.track.clone(),
                self.insert_key.clone(),
                self.key.clone(),
            ],
        }
    }
}

/// The texts for snapshots.
#[derive(Debug)]
pub(super) struct SnapshotStatements {
    pub(super) put: String,
    pub(super) snapshots: Ranges,
    pub(super) versions: Ranges,
    pub(super) delete: String,
    pub(super) delete_last: String,
    pub(super) clear: String,
}

impl SnapshotStatements {
    pub(super) fn new(table: &EventTable) -> Self {
        let EventTable { name, id, version, topic, state, .. } = table;
        let versions = Ranges::of_kind(table, &version.to_string());
        let delete = |which: &str| {
            format!("DELETE FROM {name} WHERE {id} = ?1 AND {topic} = ?5 AND {version} IN ({which})")
        };
        Self {
            put: format!(
                "INSERT INTO {name} ({id}, {version}, {topic}, {state}) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT ({id}, {topic}, {version}) DO UPDATE SET {state} = excluded.{state}"
            ),
            snapshots: Ranges::of_kind(table, &format!("{version}, {state}")),
            delete: delete(&versions.ascending),
            delete_last: delete(&versions.descending),
            clear: format!("DELETE FROM {name} WHERE {id} = ?1"),
            versions,
        }
    }

    /// The table that they use.
    pub(super) fn needed(&self, table: &EventTable, owner: &Identifier) -> Needed {
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
        let migration = format!(
            "{}
             INSERT INTO {new} ({columns}) SELECT {columns} FROM {name};
             DROP TABLE {name};
             ALTER TABLE {new} RENAME TO {name};",
            create(&new)
        );
        Needed {
            tables: vec![Table::new(name, create(&name.to_string())).with_migrations(vec![migration])],
            owner: owner.as_str().to_owned(),
            checks: vec![self.put.clone(), self.snapshots.ascending.clone()],
        }
    }
}
