//! The place of one round: a schema of its own, whose table is made to be slow and to raise; and a folder for records.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::recorder::{CommitId, PostgresOptions, Tables};
use tempfile::TempDir;
use uuid::Uuid;

use super::row::Row;
use crate::server::by_hand_as;

/// The message of the trigger that raises.
pub(crate) const RAISED: &str = "the torture raises";

/// The name of all connections that may be killed.
pub(crate) const NAME: &str = "torture";

pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) schema: String,
    /// The URI of the server, for statements by hand. Another server may take its place.
    server: Mutex<String>,
    /// The URI by which writers and readers come, without options.
    pub(crate) way: String,
    /// The options of that URI.
    options: String,
}

impl Scene {
    /// Makes the tables. Writers and readers come by `way`, with more options.
    pub(crate) fn new(server: String, way: String, options: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let schema = format!("torture_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let made: PostgresOptions = server.parse().expect("the URI of the server");
        let made = made.schema(&schema).and_then(PostgresOptions::open).expect("the server answers");
        made.recorder(&Tables::default()).expect("the tables can be made");
        made.close();
        let scene = Self {
            folder: tempfile::tempdir().expect("a folder can be made"),
            schema,
            server: Mutex::new(server),
            way,
            options: format!("application_name={NAME}&sslmode=disable&{options}"),
        };
        scene.by_hand(&format!(
            "CREATE FUNCTION {0}.trouble() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               IF random() < 0.02 THEN PERFORM pg_sleep(random() * 0.03); END IF;
               IF random() < 0.01 THEN RAISE '{RAISED}'; END IF;
               RETURN NEW;
             END $$;
             CREATE TRIGGER trouble BEFORE INSERT ON {0}.stored_events FOR EACH ROW
               WHEN (get_byte(NEW.state, 0) = {troubled}) EXECUTE FUNCTION {0}.trouble()",
            scene.schema,
            troubled = b't'
        ));
        scene
    }

    /// Returns the URI by which a recorder opens the database.
    pub(crate) fn uri(&self) -> String {
        format!("{}?schema={}&{}", self.way, self.schema, self.options)
    }

    pub(crate) fn server(&self) -> String {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn turn_to(&self, server: String) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// Runs statements on the server, which may be starting.
    pub(crate) fn by_hand(&self, statements: &str) -> Vec<String> {
        let began = Instant::now();
        loop {
            match by_hand_as(&self.server(), statements) {
                Ok(answer) => return answer,
                Err(error) if began.elapsed() > Duration::from_secs(10) => panic!("{statements}: {error}"),
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Waits until no connection writes any more: a killed process may have left a statement behind.
    pub(crate) fn come_to_rest(&self) {
        let mut quiet = 0;
        while quiet < 3 {
            let busy = self.by_hand(
                "SELECT pid FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() AND query LIKE '%nextval%'
                 UNION ALL SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2",
            );
            quiet = if busy.is_empty() { quiet + 1 } else { 0 };
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Reads the log without the recorder.
    pub(crate) fn log(&self) -> Vec<Row> {
        let rows = self.by_hand(&format!(
            "SELECT concat_ws(' ', log_position, commit_id, id, version, split_part(convert_from(substr(state, 1, 20), 'UTF8'), ' ', 2))
               FROM {}.stored_events ORDER BY log_position",
            self.schema
        ));
        rows.iter().map(|row| Row::read(row).expect("the row is whole")).collect()
    }

    /// Returns the number of deadlocks that the server has broken in this database.
    pub(crate) fn deadlocks(&self) -> u64 {
        // The counts of a connection arrive after a while.
        thread::sleep(Duration::from_millis(100));
        let found = self.by_hand("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
        found.first().and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    /// Removes the schema, to make room.
    pub(crate) fn remove(self) {
        self.by_hand(&format!("DROP SCHEMA {} CASCADE", self.schema));
    }

    /// Returns aggregates that all writers share, in pairs.
    pub(crate) fn shared(schema: &str, many: u8) -> Vec<Uuid> {
        // The order of the ids in a pair is any, as is the number of those with a data key.
        let name = |number: u8| format!("{schema} {number}");
        (0..many).map(|number| CommitId::from_key(&name(number)).uuid()).collect()
    }
}
