//! Twins of the recorder that do what seems to be enough, and is not. A run in which they lose nothing proves nothing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::row::Row;
use crate::random::Random;
use crate::server::by_hand_as;

/// A reader by hand, who keeps the last position.
#[derive(Clone, Copy)]
pub(crate) enum Naive {
    /// Reads all that it finds after the last position.
    Plain,
    /// Keeps below the floors, but asks for floors and page in one statement.
    OneStatement,
}

impl Naive {
    fn statement(self, schema: &str, last: u64) -> String {
        let bound = match self {
            Self::Plain => String::new(),
            Self::OneStatement => format!(
                " AND log_position <= coalesce((SELECT ((min(objid::int8) + 1) << 10) - 1 FROM pg_locks
                     WHERE locktype = 'advisory' AND classid = '{schema}.stored_events'::regclass::oid AND objsubid = 2
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
                   9223372036854775807)"
            ),
        };
        format!(
            "SELECT concat_ws(' ', log_position, commit_id, id, version, 0) FROM {schema}.stored_events
              WHERE log_position > {last}{bound} ORDER BY log_position"
        )
    }
}

/// Follows the log until no event comes any more.
pub(crate) fn follow(uri: &str, schema: &str, how: Naive, is_end: &AtomicBool) -> Vec<Row> {
    let mut seen: Vec<Row> = Vec::new();
    with_runtime(async {
        loop {
            let Some(client) = connect(uri).await else { continue };
            loop {
                let is_end = is_end.load(Ordering::SeqCst);
                let last = seen.last().map_or(0, |row| row.position);
                let Ok(answer) = client.simple_query(&how.statement(schema, last)).await else { break };
                let rows = answer.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0).and_then(Row::read),
                    _ => None,
                });
                let before = seen.len();
                seen.extend(rows);
                if seen.len() == before {
                    if is_end {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    seen
}

/// Stores places that cross, without sorting them; returns the number of deadlocks.
pub(crate) fn write_unsorted(uri: &str, is_end: &AtomicBool) -> u64 {
    let deadlocks = AtomicU64::new(0);
    let made = by_hand_as(uri, "CREATE TABLE place (id int, version int, UNIQUE (id, version))");
    made.expect("the table can be made");
    thread::scope(|scope| {
        for writer in 0..4 {
            let deadlocks = &deadlocks;
            scope.spawn(move || with_runtime(unsorted(uri, writer, is_end, deadlocks)));
        }
    });
    deadlocks.into_inner()
}

async fn unsorted(uri: &str, writer: u64, is_end: &AtomicBool, deadlocks: &AtomicU64) {
    let Some(client) = connect(uri).await else { return };
    let mut random = Random::new(writer);
    while !is_end.load(Ordering::SeqCst) {
        let first = random.below(2);
        let insert = format!(
            "INSERT INTO place SELECT CASE WHEN at < 20 THEN {first} ELSE {} END, coalesce((SELECT max(version) FROM place), 0) + 1 + at % 20
               FROM generate_series(0, 39) AS at WHERE at <> 20 OR pg_sleep(0.002)::text IS NOT NULL",
            1 - first
        );
        if let Err(error) = client.simple_query(&insert).await
            && error.code() == Some(&tokio_postgres::error::SqlState::T_R_DEADLOCK_DETECTED)
        {
            deadlocks.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn connect(uri: &str) -> Option<Client> {
    let Ok((client, connection)) = tokio_postgres::connect(uri, NoTls).await else {
        tokio::time::sleep(Duration::from_millis(20)).await;
        return None;
    };
    tokio::spawn(connection);
    Some(client)
}

fn with_runtime(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future);
}
