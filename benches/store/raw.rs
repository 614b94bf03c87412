//! The same work with the driver by hand: the same table, payload and durability, prepared statements.

use std::path::Path;

use rusqlite::{Connection, ToSql, params};
use serde::Serialize;
use uuid::Uuid;

use crate::account::REFERENCE;
use crate::payload::{Deposited, Opened, Stored, now};

const SCHEMA: &str = "
    CREATE TABLE stored_events (
        log_position INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL CHECK (length(id) = 16),
        version INTEGER NOT NULL CHECK (version >= 0),
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        commit_id BLOB NOT NULL CHECK (length(commit_id) = 16),
        UNIQUE (id, version)
    ) STRICT;
    CREATE INDEX stored_events_first ON stored_events (topic) WHERE version = 1;";
const INSERT: &str =
    "INSERT INTO stored_events (id, version, topic, state, commit_id) VALUES (?1, ?2, ?3, ?4, ?5)";
const SELECT: &str =
    "SELECT version, topic, state FROM stored_events WHERE id = ?1 AND version > ?2 ORDER BY version";
const LOG: &str = "SELECT log_position, id, version, topic, state FROM stored_events WHERE log_position > ?1
    ORDER BY log_position LIMIT 1000";

pub(crate) fn open(path: &Path, synchronous: &str) -> Connection {
    let connection = open_existing(path, synchronous);
    connection.execute_batch(SCHEMA).expect("the tables can be made");
    connection
}

/// Opens one more connection to a file that has the tables.
pub(crate) fn open_existing(path: &Path, synchronous: &str) -> Connection {
    let connection = Connection::open(path).expect("the file can be made");
    connection.busy_timeout(std::time::Duration::from_secs(5)).expect("it can be set");
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("WAL is there");
    connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).expect("it can be set");
    connection.set_prepared_statement_cache_capacity(16);
    connection
}

/// An account as a program by hand holds it.
pub(crate) struct Account {
    id: Uuid,
    version: i64,
    balance: i64,
}

impl Account {
    pub(crate) fn open(connection: &Connection) -> Self {
        let account = Self { id: Uuid::now_v7(), version: 1, balance: 0 };
        account.insert(connection, "Account.Opened", &Opened { owner: "Ann".to_owned() }, Uuid::now_v7());
        account
    }

    pub(crate) fn try_open(connection: &Connection) -> Option<Self> {
        let account = Self { id: Uuid::now_v7(), version: 1, balance: 0 };
        let opened = Opened { owner: "Ann".to_owned() };
        account.try_insert(connection, "Account.Opened", &opened).then_some(account)
    }

    /// Stores a deposit, unless another process holds the file for too long.
    pub(crate) fn try_deposit(&mut self, connection: &Connection) -> bool {
        let event = Deposited { amount: 1, reference: REFERENCE.to_owned() };
        self.version += 1;
        let is_stored = self.try_insert(connection, "Account.Deposited", &event);
        self.version -= i64::from(!is_stored);
        is_stored
    }

    fn try_insert<T: Serialize>(&self, connection: &Connection, topic: &str, data: &T) -> bool {
        let state = serde_json::to_vec(&Stored { at: now(), data }).expect("it is JSON");
        let commit = Uuid::now_v7();
        let row =
            params![self.id.as_bytes().as_slice(), self.version, topic, state, commit.as_bytes().as_slice()];
        connection.prepare_cached(INSERT).and_then(|mut insert| insert.execute(row)).is_ok()
    }

    fn insert<T: Serialize>(&self, connection: &Connection, topic: &str, data: &T, commit: Uuid) {
        let state = serde_json::to_vec(&Stored { at: now(), data }).expect("it is JSON");
        insert(connection, self.id, self.version, topic, &state, commit);
    }

    /// Records deposits and stores them in one commit.
    pub(crate) fn deposit(&mut self, connection: &Connection, many: usize) {
        let commit = Uuid::now_v7();
        if many > 1 {
            connection
                .prepare_cached("BEGIN IMMEDIATE")
                .and_then(|mut begin| begin.execute([]))
                .expect("it begins");
        }
        for _ in 0..many {
            let event = Deposited { amount: 1, reference: REFERENCE.to_owned() };
            self.version += 1;
            self.balance += event.amount;
            self.insert(connection, "Account.Deposited", &event, commit);
        }
        if many > 1 {
            connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).expect("it ends");
        }
    }

    /// Records deposits and stores them with one statement, which is a commit by itself.
    pub(crate) fn deposit_in_one(&mut self, connection: &Connection, statement: &str, many: usize) {
        let commit = Uuid::now_v7();
        let mut insert = connection.prepare_cached(statement).expect("it is a statement");
        let mut at = 0;
        let mut bind = |value: &dyn ToSql| {
            at += 1;
            insert.raw_bind_parameter(at, value).expect("there is such a parameter");
        };
        for _ in 0..many {
            let event = Deposited { amount: 1, reference: REFERENCE.to_owned() };
            self.version += 1;
            self.balance += event.amount;
            bind(&self.id.as_bytes().as_slice());
            bind(&self.version);
            bind(&"Account.Deposited");
            bind(&serde_json::to_vec(&Stored { at: now(), data: event }).expect("it is JSON"));
            bind(&commit.as_bytes().as_slice());
        }
        insert.raw_execute().expect("it is stored");
    }

    /// Reads the rows that others have stored since, of which there are none.
    pub(crate) fn catch_up(&self, connection: &Connection) {
        let mut select = connection.prepare_cached(SELECT).expect("it is a statement");
        let mut rows = select.query(params![self.id.as_bytes().as_slice(), self.version]).expect("it runs");
        assert!(rows.next().expect("it is read").is_none(), "nobody else writes");
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }
}

pub(crate) fn insert(
    connection: &Connection,
    id: Uuid,
    version: i64,
    topic: &str,
    state: &[u8],
    commit: Uuid,
) {
    let row = params![id.as_bytes().as_slice(), version, topic, state, commit.as_bytes().as_slice()];
    connection.prepare_cached(INSERT).and_then(|mut insert| insert.execute(row)).expect("it is stored");
}

/// Returns the creating event as it is stored.
pub(crate) fn opened() -> Vec<u8> {
    let data = Opened { owner: "Ann".to_owned() };
    serde_json::to_vec(&Stored { at: now(), data }).expect("it is JSON")
}

/// Returns a statement that inserts that many rows.
pub(crate) fn insert_of(many: usize) -> String {
    let rows = vec!["(?, ?, ?, ?, ?)"; many].join(", ");
    format!("INSERT INTO stored_events (id, version, topic, state, commit_id) VALUES {rows}")
}

/// Makes the account from its rows.
pub(crate) fn replay(connection: &Connection, id: Uuid) -> i64 {
    let mut select = connection.prepare_cached(SELECT).expect("it is a statement");
    let mut rows = select.query(params![id.as_bytes().as_slice(), 0]).expect("it runs");
    let (mut owner, mut balance, mut version) = (String::new(), 0, 0);
    while let Some(row) = rows.next().expect("it is read") {
        let found: i64 = row.get(0).expect("a number");
        assert_eq!(found, version + 1, "versions have no gap");
        version = found;
        let topic = row.get_ref(1).expect("a column").as_str().expect("a text");
        let state = row.get_ref(2).expect("a column").as_blob().expect("a blob");
        match topic {
            "Account.Opened" => {
                owner = serde_json::from_slice::<Stored<Opened>>(state).expect("an event").data.owner;
            }
            "Account.Deposited" => {
                balance += serde_json::from_slice::<Stored<Deposited>>(state).expect("an event").data.amount;
            }
            other => panic!("{other} is not known"),
        }
    }
    assert_eq!(owner, "Ann");
    balance
}

/// Reads the log, a page at a time, and decodes every event.
pub(crate) fn read_log(connection: &Connection) -> i64 {
    let mut select = connection.prepare_cached(LOG).expect("it is a statement");
    let (mut after, mut sum) = (0, 0);
    loop {
        let mut rows = select.query(params![after]).expect("it runs");
        let before = after;
        while let Some(row) = rows.next().expect("it is read") {
            after = row.get(0).expect("a number");
            let id = Uuid::from_slice(row.get_ref(1).expect("a column").as_blob().expect("a blob"))
                .expect("an id");
            let version: i64 = row.get(2).expect("a number");
            let topic = row.get_ref(3).expect("a column").as_str().expect("a text");
            let state = row.get_ref(4).expect("a column").as_blob().expect("a blob");
            if topic == "Account.Deposited" {
                sum += serde_json::from_slice::<Stored<Deposited>>(state).expect("an event").data.amount;
            } else {
                std::hint::black_box(serde_json::from_slice::<Stored<Opened>>(state).expect("an event").data);
            }
            std::hint::black_box((id, version));
        }
        if after == before {
            return sum;
        }
    }
}
