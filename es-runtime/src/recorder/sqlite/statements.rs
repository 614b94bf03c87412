//! The statements for the tables of one application.

use super::{error, schema};
use crate::recorder::LogRange;
use crate::recorder::sql::{ColumnType, Dialect, EventTable, Identifier, LogTexts, Needed, Ranges, Tables};

/// The numbers of rows that one statement inserts, largest first: a few texts serve commits of every size.
pub(super) const BATCHES: [usize; 3] = [64, 8, 2];

/// The largest number of events that one statement stores together with the check for a data key; most commits have
/// fewer.
const KEYLESS: usize = 16;

/// The number of values of one event, without the user's own columns.
const EVENT: usize = 7;

/// The signs of SQLite.
pub(super) const DIALECT: Dialect =
    Dialect { parameter: '?', one_of: "IN (SELECT value FROM json_each(?4))", schema: None };

/// The texts of all statements; each connection keeps them prepared.
#[derive(Debug)]
pub(super) struct Statements {
    /// The user's own columns, in the order in which they are inserted.
    pub(super) own: Vec<(String, ColumnType)>,
    /// Texts that store two or more events of one aggregate, one text for each number, unless it has a data key or is
    /// forgotten.
    insert_keyless: [String; KEYLESS - 1],
    /// Stores one event. The event gets no version if its aggregate has a data key, is forgotten, or lacks the version
    /// in the last parameter. The table refuses an event without a version. Reading the tables in a `SELECT` instead
    /// would cost a copy of the row.
    pub(super) insert_alone: String,
    /// Stores one event.
    insert_one: String,
    /// Texts that store several events, by the numbers in [`BATCHES`].
    insert_batches: [String; BATCHES.len()],
    pub(super) taken: String,
    pub(super) has_event: String,
    pub(super) has_commit: String,
    pub(super) newest: String,
    pub(super) events: Ranges,
    pub(super) log: LogTexts,
    pub(super) last_up_to: String,
    pub(super) commit_at: String,
    pub(super) first_step: String,
    pub(super) next_step: String,
    pub(super) tracked: String,
    pub(super) has_keys: String,
    pub(super) insert_key: String,
    pub(super) key: String,
    /// Selects the aggregates of the newest data keys that are not destroyed.
    pub(super) newest_keyed: String,
    pub(super) replace_key: String,
    /// The statements of forgetting, in this order, with the id as parameter.
    pub(super) forget: [String; 2],
    /// The table of events, which may have columns that this program does not know.
    pub(super) events_table: EventTable,
}

impl Statements {
    pub(super) fn new(Tables { events, tracking, data_keys, .. }: &Tables) -> Self {
        let EventTable { own, name, id, version, topic, state } = events;
        let own_names: Vec<String> = own.iter().map(|(own, _)| format!(", {own}")).collect();
        let insert = format!(
            "INSERT INTO {name} ({id}, {version}, {topic}, {state}, commit_id, slice, once{})",
            own_names.concat()
        );
        let width = EVENT + own.len();
        let row = |number: usize| {
            let parameters: Vec<String> =
                (number * width + 1..).take(width).map(|at| format!("?{at}")).collect();
            parameters.join(", ")
        };
        let values = |many: usize| {
            let rows: Vec<String> = (0..many).map(|number| format!("({})", row(number))).collect();
            rows.join(", ")
        };
        let rows = |many: usize| format!("{insert} VALUES {}", values(many));
        let keyless = format!("NOT EXISTS (SELECT 1 FROM {data_keys} WHERE id = ?1)");
        let before = width + 1;
        let follows = format!(
            "(?{before} IS NULL OR EXISTS (SELECT 1 FROM {name} WHERE {id} = ?1 AND {version} = ?{before}))"
        );
        let cursor = "consumer = ?1 AND upstream = ?2 AND first_slice = ?3 AND last_slice = ?4";
        let forget = [
            // The new value has the old length, so SQLite overwrites the key in place.
            format!(
                "UPDATE {data_keys} SET wrapped = zeroblob(length(wrapped)), key_id = zeroblob(8), forgotten = 1
                 WHERE id = ?1"
            ),
            format!(
                "INSERT INTO {data_keys} (id, key_id, wrapped, forgotten) VALUES (?1, zeroblob(8), x'', 1)
                 ON CONFLICT DO NOTHING"
            ),
        ];
        Self {
            own: own.iter().map(|(own, of)| (own.as_str().to_owned(), *of)).collect(),
            insert_keyless: std::array::from_fn(|number| {
                format!("{insert} SELECT * FROM (VALUES {}) WHERE {keyless}", values(number + 2))
            }),
            insert_alone: format!(
                "{insert} VALUES ({})",
                row(0).replacen("?2", &format!("CASE WHEN {keyless} AND {follows} THEN ?2 END"), 1)
            ),
            insert_one: rows(1),
            insert_batches: BATCHES.map(rows),
            taken: format!(
                "SELECT commit_id, {topic}, log_position FROM {name} WHERE {id} = ?1 AND {version} = ?2"
            ),
            has_event: format!("SELECT EXISTS (SELECT 1 FROM {name} WHERE {id} = ?1 AND {version} = ?2)"),
            has_commit: format!(
                "SELECT EXISTS (SELECT 1 FROM {name} WHERE once AND commit_id = ?2 AND {id} = ?1)"
            ),
            newest: format!("SELECT max({version}) FROM {name} WHERE {id} = ?1"),
            events: Ranges::new(&DIALECT, events, &format!("{version}, {topic}, {state}")),
            log: LogTexts::new(&DIALECT, events),
            last_up_to: format!(
                "SELECT log_position, commit_id FROM {name} WHERE log_position <= ?1
                 ORDER BY log_position DESC LIMIT 1"
            ),
            commit_at: format!("SELECT log_position, commit_id FROM {name} WHERE log_position = ?1"),
            first_step: format!(
                "INSERT INTO {tracking} (consumer, upstream, first_slice, last_slice, position, commit_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"
            ),
            next_step: format!(
                "UPDATE {tracking} SET position = ?5, commit_id = ?6
                 WHERE {cursor} AND position = ?7 AND commit_id = ?8"
            ),
            tracked: format!("SELECT position, commit_id FROM {tracking} WHERE {cursor}"),
            has_keys: format!("SELECT EXISTS (SELECT 1 FROM {data_keys})"),
            insert_key: format!(
                "INSERT INTO {data_keys} (id, key_id, wrapped, forgotten) VALUES (?1, ?2, ?3, 0)
                 ON CONFLICT DO NOTHING"
            ),
            replace_key: format!(
                "UPDATE {data_keys} SET wrapped = ?4
                 WHERE id = ?1 AND key_id = ?2 AND wrapped = ?3 AND NOT forgotten"
            ),
            newest_keyed: format!(
                "SELECT id FROM {data_keys} WHERE NOT forgotten ORDER BY number DESC LIMIT 3"
            ),
            key: format!("SELECT key_id, wrapped, forgotten FROM {data_keys} WHERE id = ?1"),
            forget,
            events_table: events.clone(),
        }
    }

    /// Returns the text that inserts the next of `left` rows, and the number of rows it inserts.
    pub(super) fn insert(&self, left: usize) -> (&str, usize) {
        let fits = BATCHES.iter().zip(&self.insert_batches).find(|(many, _)| **many <= left);
        fits.map_or((&self.insert_one, 1), |(many, text)| (text, *many))
    }

    /// Returns the text that stores `many` events of one aggregate, unless it has a data key or is forgotten.
    pub(super) fn insert_keyless(&self, many: usize) -> Option<&str> {
        self.insert_keyless.get(many.checked_sub(2)?).map(String::as_str)
    }

    /// Returns the number of values of one event.
    pub(super) const fn width(&self) -> usize {
        EVENT + self.own.len()
    }

    /// Returns whether the error reports a stored event of this id and version. An index of the user may also be
    /// unique.
    pub(super) fn is_taken(&self, cause: &rusqlite::Error) -> bool {
        let EventTable { name, id, version, .. } = &self.events_table;
        let [name, id, version] = [name, id, version].map(Identifier::as_str);
        error::is_taken(cause)
            && says(cause, &format!("UNIQUE constraint failed: {name}.{id}, {name}.{version}"))
    }

    /// Returns whether the table refused an event that its [statement](Self::insert_alone) left without a version.
    pub(super) fn is_guarded(&self, cause: &rusqlite::Error) -> bool {
        let EventTable { name, version, .. } = &self.events_table;
        says(cause, &format!("NOT NULL constraint failed: {}.{}", name.as_str(), version.as_str()))
    }

    /// Returns the tables that the statements use.
    pub(super) fn needed(&self, tables: &Tables) -> Needed {
        Needed {
            tables: schema::tables(tables),
            owner: tables.events.name.as_str().to_owned(),
            checks: vec![
                self.insert_one.clone(),
                self.log.of(&LogRange::all()).clone(),
                self.next_step.clone(),
                self.insert_key.clone(),
                self.key.clone(),
            ],
        }
    }
}

/// Returns whether SQLite reports this reason. The message has the names of the table, perhaps in other capitals.
fn says(cause: &rusqlite::Error, reason: &str) -> bool {
    cause.to_string().to_ascii_lowercase().ends_with(&reason.to_ascii_lowercase())
}
