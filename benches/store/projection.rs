//! Projections: the balances of accounts, in a SQLite file, with one upsert for each event in batches of 1,000; and in
//! memory.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use es_runtime::projection::BatchSize;
use es_runtime::recorder::Synchronous;
use es_runtime::view::Result;
use es_runtime::view::sqlite::Tx;
use es_runtime::{Application, Id, Wait, projection};
use rusqlite::params;
use uuid::Uuid;

use crate::account::{Account, Deposited, Opened, REFERENCE};
use crate::harness::{Folder, open, report, timed};
use crate::payload::{self, Stored};
use crate::raw;

const PUT: &str = "INSERT INTO balances (id, cents) VALUES (?1, ?2)
                   ON CONFLICT (id) DO UPDATE SET cents = cents + excluded.cents";
const TABLES: &str =
    "CREATE TABLE balances (id BLOB PRIMARY KEY, cents INTEGER NOT NULL) STRICT, WITHOUT ROWID";
const LOG: &str = "SELECT log_position, id, version, topic, state FROM stored_events WHERE log_position > ?1
    ORDER BY log_position LIMIT 1000";

struct Balances;

#[projection(Account, ignore = [discarded])]
impl Balances {
    const TABLES: &str = TABLES;

    #[event]
    fn opened(_: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run(PUT, params![id, 0])
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        tx.run(PUT, params![id, event.amount])
    }
}

#[derive(Default)]
struct InMemory {
    cents: HashMap<Id<Account>, i64>,
}

#[projection(Account, ignore = [discarded])]
impl InMemory {
    #[event]
    fn opened(&mut self, _: &Opened, id: Id<Account>) {
        self.cents.insert(id, 0);
    }

    #[event]
    fn deposited(&mut self, event: &Deposited, id: Id<Account>) {
        *self.cents.entry(id).or_default() += event.amount;
    }
}

/// Projects a log of `accounts` times 100 events.
pub(crate) fn projection(rounds: usize, accounts: usize) {
    let folder = Folder::new();
    let app = open(&folder.file("ours.db"), Synchronous::Normal);
    let log = raw::open(&folder.file("raw.db"), "NORMAL");
    fill(&app, accounts);
    for _ in 0..accounts {
        raw::Account::open(&log).deposit(&log, 99);
    }
    let (events, expected) = (accounts * 100, i64::try_from(accounts * 99).expect("few"));
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (file, other) =
            (folder.file(&format!("view_{round}.db")), folder.file(&format!("raw_{round}.db")));
        let taken = timed(|| {
            let view = app.project(Balances).batch(BatchSize::new().time(Duration::MAX)).in_file(&file);
            view.start().wait().expect("it starts").drain().wait().expect("it goes through");
        });
        let raw = timed(|| project(&log, &other));
        for file in [&file, &other] {
            let view = rusqlite::Connection::open(file).expect("it opens");
            let sum: i64 =
                view.query_row("SELECT sum(cents) FROM balances", [], |row| row.get(0)).expect("a sum");
            assert_eq!(sum, expected);
        }
        if round > 0 {
            ours.push(taken);
            by_hand.push(raw);
        }
    }
    report("projection, one upsert an event", events, 0.80, &ours, &by_hand);
    in_memory(rounds, accounts, expected);
}

fn fill(app: &Application, accounts: usize) {
    for _ in 0..accounts {
        let mut account = Account::open("Ann".to_owned());
        (0..99).for_each(|_| account.deposit(1, REFERENCE.to_owned()));
        app.save(&mut account).wait().expect("it is saved");
    }
}

/// The same by hand: a page of the log, its upserts and the place in one transaction.
fn project(log: &rusqlite::Connection, file: &Path) {
    let view = rusqlite::Connection::open(file).expect("it opens");
    view.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("WAL is there");
    view.execute_batch(&format!(
        "PRAGMA synchronous = NORMAL; {TABLES}; CREATE TABLE place (position INTEGER NOT NULL); INSERT INTO place VALUES (0)"
    ))
    .expect("they are made");
    let mut select = log.prepare(LOG).expect("it is a statement");
    let mut put = view.prepare(PUT).expect("it is a statement");
    let mut after = 0_i64;
    loop {
        let (before, mut rows) = (after, select.query([after]).expect("it runs"));
        view.execute_batch("BEGIN IMMEDIATE").expect("it begins");
        while let Some(row) = rows.next().expect("it is read") {
            after = row.get(0).expect("a number");
            let id = row.get_ref(1).expect("a column").as_blob().expect("a blob");
            let topic = row.get_ref(3).expect("a column").as_str().expect("a text");
            let amount = amount(topic, row.get_ref(4).expect("a column").as_blob().expect("a blob"));
            put.execute(params![id, amount]).expect("it is put");
        }
        view.execute("UPDATE place SET position = ?1", [after]).expect("it is kept");
        view.execute_batch("COMMIT").expect("it is committed");
        if after == before {
            return;
        }
    }
}

/// Decodes an event; returns what it adds.
fn amount(topic: &str, state: &[u8]) -> i64 {
    if topic == "Account.Deposited" {
        let stored: Stored<payload::Deposited> = serde_json::from_slice(state).expect("an event");
        std::hint::black_box((stored.at, &stored.data.reference));
        stored.data.amount
    } else {
        let stored: Stored<payload::Opened> = serde_json::from_slice(state).expect("an event");
        std::hint::black_box((stored.at, &stored.data.owner));
        0
    }
}

fn in_memory(rounds: usize, accounts: usize, expected: i64) {
    let app = Application::open("memory:").wait().expect("it opens");
    fill(&app, accounts);
    let deposited = payload::Deposited { amount: 1, reference: REFERENCE.to_owned() };
    let deposited = serde_json::to_vec(&Stored { at: payload::now(), data: deposited }).expect("it is JSON");
    let mut log: Vec<(Uuid, String, Vec<u8>)> = Vec::new();
    for _ in 0..accounts {
        let id = Uuid::now_v7();
        log.push((id, "Account.Opened".to_owned(), raw::opened()));
        log.extend((0..99).map(|_| (id, "Account.Deposited".to_owned(), deposited.clone())));
    }
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let taken = timed(|| {
            let view = app.project(InMemory::default()).in_memory().start().wait().expect("it starts");
            view.drain().wait().expect("it goes through");
            assert_eq!(view.read(|view| view.cents.values().sum::<i64>()), expected);
        });
        let raw = timed(|| {
            let mut cents: HashMap<Uuid, i64> = HashMap::new();
            for (id, topic, state) in &log {
                *cents.entry(*id).or_default() += amount(topic, state);
            }
            assert_eq!(cents.values().sum::<i64>(), expected);
        });
        if round > 0 {
            ours.push(taken);
            by_hand.push(raw);
        }
    }
    report("projection in memory", accounts * 100, 0.70, &ours, &by_hand);
}
