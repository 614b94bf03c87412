//! SQLite by hand: the follower asks each millisecond if another connection has changed the file.

use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use uuid::Uuid;

use crate::side::rest;
use crate::times::{Calls, now};

const POLL: Duration = Duration::from_millis(1);
const INSERT: &str = "INSERT INTO events (id, state) VALUES (?1, ?2)";
const SELECT: &str = "SELECT position, id, state FROM events WHERE position > ?1 ORDER BY position";

fn open(path: &str) -> Connection {
    let connection = Connection::open(path).expect("the file opens");
    connection.busy_timeout(Duration::from_secs(5)).expect("it is set");
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("WAL is there");
    connection.execute_batch("PRAGMA synchronous = FULL").expect("it is set");
    connection
}

pub(crate) fn create(path: &str) {
    let table =
        "CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB UNIQUE, state BLOB)";
    open(path).execute_batch(table).expect("the table is made");
}

pub(crate) fn follow(path: &str, many: usize, is_ready: impl FnOnce()) -> Vec<i64> {
    let connection = open(path);
    let version = || -> i64 {
        let mut pragma = connection.prepare_cached("PRAGMA data_version").expect("it is SQL");
        pragma.query_row([], |row| row.get(0)).expect("it is read")
    };
    let mut select = connection.prepare(SELECT).expect("it is SQL");
    let newest = "SELECT coalesce(max(position), 0) FROM events";
    let mut last: i64 = connection.query_row(newest, [], |row| row.get(0)).expect("it is read");
    let (mut seen, mut known) = (Vec::with_capacity(many), version());
    is_ready();
    while seen.len() < many {
        let newest = version();
        if newest == known {
            thread::sleep(POLL);
            continue;
        }
        known = newest;
        let mut rows = select.query([last]).expect("it is read");
        while let Some(row) = rows.next().expect("it is read") {
            last = row.get(0).expect("a number");
            let (id, state): (Vec<u8>, Vec<u8>) = (row.get(1).expect("bytes"), row.get(2).expect("bytes"));
            std::hint::black_box((id, state));
            seen.push(now());
        }
    }
    seen
}

pub(crate) fn write(path: &str, many: usize) -> Calls {
    let (connection, mut calls) = (open(path), Calls::default());
    let mut insert = connection.prepare(INSERT).expect("it is SQL");
    for number in 0..many {
        let id = Uuid::now_v7();
        let state: &[u8] = br#"{"amount":1}"#;
        calls.time(|| insert.execute((id.as_bytes().as_slice(), state)).expect("it is stored"));
        rest(number);
    }
    calls
}
