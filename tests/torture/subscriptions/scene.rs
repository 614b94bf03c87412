//! The place of one round: a file of SQLite, or a schema of the server; and a folder for records.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

use super::domain::{TOPICS, open};
use crate::postgres::{NAME, Naive, Row, Scene as Schema, naive};
use crate::server::Server;

pub(crate) enum Scene {
    Sqlite(TempDir),
    Postgres(Schema),
}

/// An event in the log.
pub(crate) struct Stored {
    pub(crate) row: Row,
    /// True if the subscribers ask for it.
    pub(crate) is_asked_for: bool,
}

const LOG: &str = "SELECT log_position, commit_id, id, version, topic FROM stored_events WHERE log_position > ?1 ORDER BY log_position";

impl Scene {
    pub(crate) fn sqlite() -> Self {
        let scene = Self::Sqlite(tempfile::tempdir().expect("a folder can be made"));
        open(&scene.uri()).close();
        scene
    }

    pub(crate) fn postgres(server: &Server) -> Self {
        Self::Postgres(Schema::new(server.uri(), server.uri(), "connections=4&connect_timeout=5"))
    }

    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Sqlite(folder) => folder.path(),
            Self::Postgres(schema) => schema.folder.path(),
        }
    }

    /// Returns the file of the log, if it is in SQLite.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder().join("log.db")
    }

    pub(crate) fn uri(&self) -> String {
        match self {
            Self::Sqlite(_) => format!("sqlite:{}", self.file().display()),
            Self::Postgres(schema) => schema.uri(),
        }
    }

    /// Kills the connection of a writer or a reader; returns the number of killed ones.
    pub(crate) fn kill_connection(&self) -> u64 {
        let Self::Postgres(schema) = self else { return 0 };
        let killed = schema.by_hand(&format!(
            "SELECT pid FROM (SELECT pid FROM pg_stat_activity WHERE application_name = '{NAME}' ORDER BY random() LIMIT 1) one
              WHERE pg_terminate_backend(pid)"
        ));
        killed.len() as u64
    }

    /// Waits until no killed process has a statement under way.
    pub(crate) fn come_to_rest(&self) {
        if let Self::Postgres(schema) = self {
            schema.come_to_rest();
        }
    }

    /// Reads the log without the recorder, once no killed process has a statement under way.
    pub(crate) fn log(&self) -> Vec<Stored> {
        match self {
            Self::Sqlite(_) => read_file(&self.connect(), 0),
            Self::Postgres(schema) => {
                self.come_to_rest();
                let rows = schema.by_hand(&format!(
                    "SELECT concat_ws(' ', log_position, commit_id, id, version, 0, topic) FROM {}.stored_events
                      ORDER BY log_position",
                    schema.schema
                ));
                let stored = |text: &String| {
                    let (row, topic) = text.rsplit_once(' ')?;
                    Some(Stored { row: Row::read(row)?, is_asked_for: topic.starts_with(TOPICS) })
                };
                rows.iter().map(|row| stored(row).expect("the row is whole")).collect()
            }
        }
    }

    /// Follows the table as a user might: asks for all after the last position, and keeps the last position.
    pub(crate) fn follow_naively(&self, is_end: &AtomicBool) -> Vec<Row> {
        let Self::Postgres(schema) = self else {
            let (connection, mut seen) = (self.connect(), Vec::<Row>::new());
            loop {
                let is_end = is_end.load(Ordering::SeqCst);
                let rows = read_file(&connection, seen.last().map_or(0, |row| row.position));
                if rows.is_empty() && is_end {
                    return seen;
                }
                seen.extend(rows.into_iter().map(|stored| stored.row));
                thread::sleep(Duration::from_millis(1));
            }
        };
        let uri = format!("{}?application_name={NAME}", schema.way);
        naive::follow(&uri, &schema.schema, Naive::Plain, is_end)
    }

    fn connect(&self) -> Connection {
        let connection = Connection::open(self.file()).expect("the file can be opened");
        connection.busy_timeout(Duration::from_secs(30)).expect("it is set");
        connection
    }

    /// Removes what would be left.
    pub(crate) fn remove(self) {
        if let Self::Postgres(schema) = self {
            schema.remove();
        }
    }
}

fn read_file(connection: &Connection, last: u64) -> Vec<Stored> {
    let mut statement = connection.prepare_cached(LOG).expect("it is SQL");
    let rows = statement.query_map([last.cast_signed()], |row| {
        let uuid = |at| row.get::<_, [u8; 16]>(at).map(Uuid::from_bytes);
        let (commit, id) = (uuid(1)?, uuid(2)?);
        let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let is_asked_for = row.get::<_, String>(4)?.starts_with(TOPICS);
        Ok(Stored { row: Row { position: number(0)?, commit, id, version: number(3)?, at: 0 }, is_asked_for })
    });
    rows.and_then(Iterator::collect).expect("the table can be read")
}
