//! The same work with the driver by hand: the same payload and durability, a table of the same kind, prepared statements.

use serde::Serialize;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, Row as Found, Statement};
use uuid::Uuid;

use crate::account::REFERENCE;
use crate::payload::{Deposited, Opened, Stored, now};
use crate::server::Place;

const INSERT: &str =
    "INSERT INTO stored_events (version, id, commit_id, topic, state) VALUES ($1, $2, $3, $4, $5)";
const INSERT_ALL: &str = "INSERT INTO stored_events (version, id, commit_id, topic, state)
    SELECT * FROM unnest($1::int8[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[])";
const SELECT: &str =
    "SELECT version, topic, state FROM stored_events WHERE id = $1 AND version > $2 ORDER BY version";
const LOG: &str =
    "SELECT log_position, commit_id, id, version, topic, state FROM stored_events WHERE log_position > $1
    ORDER BY log_position LIMIT $2";
/// The settings of the recorder's connections that make statements cheaper: the comparison is not one of settings.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off";

/// Returns the statements that make the table.
pub(crate) fn table(schema: &str) -> String {
    format!(
        "CREATE TABLE {schema}.stored_events (
            log_position bigserial PRIMARY KEY,
            version bigint NOT NULL,
            id uuid NOT NULL,
            commit_id uuid NOT NULL,
            topic text COLLATE \"C\" NOT NULL,
            state bytea NOT NULL,
            UNIQUE (id, version)
        );
        CREATE INDEX stored_events_first ON {schema}.stored_events (topic) WHERE version = 1"
    )
}

/// A row to store.
pub(crate) struct Row {
    pub(crate) version: i64,
    pub(crate) id: Uuid,
    pub(crate) commit: Uuid,
    pub(crate) topic: &'static str,
    pub(crate) state: Vec<u8>,
}

/// An account as a program by hand holds it.
pub(crate) struct Account {
    id: Uuid,
    version: i64,
    balance: i64,
}

impl Account {
    /// Makes an account, and the row of its first event.
    pub(crate) fn open() -> (Self, Row) {
        let mut account = Self { id: Uuid::now_v7(), version: 0, balance: 0 };
        let row = account.row("Account.Opened", &Opened { owner: "Ann".to_owned() }, Uuid::now_v7());
        (account, row)
    }

    /// Records deposits, and returns their rows, of one commit.
    pub(crate) fn deposit(&mut self, many: usize) -> Vec<Row> {
        let commit = Uuid::now_v7();
        let one = |_| {
            let event = Deposited { amount: 1, reference: REFERENCE.to_owned() };
            self.balance += event.amount;
            self.row("Account.Deposited", &event, commit)
        };
        (0..many).map(one).collect()
    }

    fn row<T: Serialize>(&mut self, topic: &'static str, data: &T, commit: Uuid) -> Row {
        self.version += 1;
        let state = serde_json::to_vec(&Stored { at: now(), data }).expect("it is JSON");
        Row { version: self.version, id: self.id, commit, topic, state }
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }
}

/// A connection with its prepared statements.
pub(crate) struct Connection {
    client: Client,
    insert: Statement,
    insert_all: Statement,
    select: Statement,
    log: Statement,
}

impl Connection {
    /// Connects; a task of the runtime drives the connection.
    pub(crate) async fn open(place: &Place) -> Self {
        let (client, driver) = tokio_postgres::connect(&place.uri, NoTls).await.expect("it connects");
        tokio::spawn(driver);
        let settings = format!("SET search_path TO {}; {SETTINGS}", place.name);
        client.batch_execute(&settings).await.expect("they are set");
        let prepare = async |text: &str| client.prepare(text).await.expect("it is a statement");
        let limited = client.prepare_typed(LOG, &[Type::INT8, Type::INT8]).await.expect("it is a statement");
        let (insert, insert_all) = (prepare(INSERT).await, prepare(INSERT_ALL).await);
        let select = prepare(SELECT).await;
        Self { insert, insert_all, select, log: limited, client }
    }

    /// Stores rows in one commit.
    pub(crate) async fn insert<'r>(&self, rows: impl IntoIterator<Item = &'r Row>) {
        let rows: Vec<&Row> = rows.into_iter().collect();
        let stored = if let [Row { version, id, commit, topic, state }] = rows[..] {
            self.client.execute(&self.insert, &[version, id, commit, topic, state]).await
        } else {
            let versions: Vec<i64> = rows.iter().map(|row| row.version).collect();
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let commits: Vec<Uuid> = rows.iter().map(|row| row.commit).collect();
            let topics: Vec<&str> = rows.iter().map(|row| row.topic).collect();
            let states: Vec<&[u8]> = rows.iter().map(|row| row.state.as_slice()).collect();
            self.client.execute(&self.insert_all, &[&versions, &ids, &commits, &topics, &states]).await
        };
        assert_eq!(stored.expect("they are stored"), rows.len() as u64);
    }

    /// Reads the rows of an account.
    pub(crate) async fn select(&self, id: Uuid) -> Vec<Found> {
        self.client.query(&self.select, &[&id, &0_i64]).await.expect("they are read")
    }

    /// Makes the account from its rows; returns the balance.
    pub(crate) async fn replay(&self, id: Uuid) -> i64 {
        let (mut owner, mut balance, mut version) = (String::new(), 0, 0);
        for row in self.select(id).await {
            let found: i64 = row.get(0);
            assert_eq!(found, version + 1, "versions have no gap");
            version = found;
            let (topic, state): (&str, &[u8]) = (row.get(1), row.get(2));
            match topic {
                "Account.Opened" => {
                    owner = serde_json::from_slice::<Stored<Opened>>(state).expect("an event").data.owner;
                }
                "Account.Deposited" => {
                    let event = serde_json::from_slice::<Stored<Deposited>>(state).expect("an event");
                    balance += event.data.amount;
                }
                other => panic!("{other} is not known"),
            }
        }
        assert_eq!(owner, "Ann");
        balance
    }

    /// Reads a page of the log after a position, and moves the position.
    pub(crate) async fn page(&self, after: &mut i64, most: i64) -> Vec<Found> {
        let rows = self.client.query(&self.log, &[after, &most]).await.expect("they are read");
        if let Some(last) = rows.last() {
            *after = last.get(0);
        }
        rows
    }
}

/// Decodes the event in a row of the log: the time, and the amount of a deposit.
pub(crate) fn decoded(row: &Found) -> (i64, i64) {
    let (commit, id, version): (Uuid, Uuid, i64) = (row.get(1), row.get(2), row.get(3));
    std::hint::black_box((commit, id, version));
    let (topic, state): (&str, &[u8]) = (row.get(4), row.get(5));
    if topic == "Account.Deposited" {
        let Stored { at, data } = serde_json::from_slice::<Stored<Deposited>>(state).expect("an event");
        std::hint::black_box(&data.reference);
        (at, data.amount)
    } else {
        let Stored { at, data } = serde_json::from_slice::<Stored<Opened>>(state).expect("an event");
        std::hint::black_box(&data.owner);
        (at, 0)
    }
}
