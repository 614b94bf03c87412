//! Replaying an aggregate, and reading the log.

use es_runtime::recorder::{AggregateRecorder, ApplicationRecorder, EventRange, LogRange};
use es_runtime::{Application, Recorded, Wait};

use crate::account::{Account, AccountEvent};
use crate::by_hand::{self, Connection, decoded};
use crate::measure::{Side, on_this_thread, report, rounds, tokio};
use crate::one::deposit;
use crate::server::Server;

/// The goal of all reads.
const GOAL: Option<f64> = Some(0.80);
/// The number of replays in a round.
const REPLAYS: usize = 20;
/// The number of events in a page of the log.
const PAGE: usize = 1_000;

pub(crate) fn replay(server: &Server, many_rounds: usize, events: usize) {
    let (schema, table) = (server.schema(), server.by_hand());
    let app = schema.application();
    let (alone, tokio) = (on_this_thread(), tokio());
    let mut account = Account::open("Ann".to_owned());
    deposit(&mut account, events - 1);
    app.save(&mut account).wait().expect("it is saved");
    let here = alone.block_on(Connection::open(&table));
    let there = tokio.block_on(Connection::open(&table));
    let (mut raw, first) = by_hand::Account::open();
    alone.block_on(async {
        here.insert([&first]).await;
        here.insert(&raw.deposit(events - 1)).await;
    });
    schema.vacuum();
    let expected = i64::try_from(events - 1).expect("few");
    let get = async || {
        for _ in 0..REPLAYS {
            let account = app.get(account.id()).await.expect("it is there");
            assert_eq!((account.balance, account.owner.as_str()), (expected, "Ann"));
        }
    };
    let replay = async |connection: &Connection| {
        for _ in 0..REPLAYS {
            assert_eq!(connection.replay(raw.id()).await, expected);
        }
    };
    let select = async || {
        for _ in 0..REPLAYS {
            let page =
                app.recorder().select(account.id().uuid(), EventRange::all()).await.expect("it is read");
            assert_eq!(page.events.len(), events);
        }
    };
    let rows = async || {
        for _ in 0..REPLAYS {
            let rows = here.select(raw.id()).await;
            assert_eq!(rows.len(), events);
            for row in &rows {
                let (version, topic, state): (i64, &str, &[u8]) = (row.get(0), row.get(1), row.get(2));
                std::hint::black_box((version, topic, state.to_vec()));
            }
        }
    };
    let sides: [Side<'_>; 6] = [
        Box::new(|| get().wait()),
        Box::new(|| alone.block_on(replay(&here))),
        Box::new(|| tokio.block_on(get())),
        Box::new(|| tokio.block_on(replay(&there))),
        Box::new(|| select().wait()),
        Box::new(|| alone.block_on(rows())),
    ];
    let [ours, by_hand, ours_in_tasks, by_hand_in_tasks, selected, rows] = rounds(server, many_rounds, sides);
    let many = events * REPLAYS;
    report(&format!("replay {events} events"), many, GOAL, &ours, &by_hand);
    report(&format!("replay {events} events, tokio"), many, GOAL, &ours_in_tasks, &by_hand_in_tasks);
    report(&format!("select {events} events, not decoded"), many, GOAL, &selected, &rows);
}

/// Reads a log of `accounts` times 100 events.
pub(crate) fn log(server: &Server, many_rounds: usize, accounts: usize) {
    let (schema, table) = (server.schema(), server.by_hand());
    let app = schema.application();
    let (alone, tokio) = (on_this_thread(), tokio());
    let here = alone.block_on(Connection::open(&table));
    let there = tokio.block_on(Connection::open(&table));
    for _ in 0..accounts {
        let mut account = Account::open("Ann".to_owned());
        deposit(&mut account, 99);
        app.save(&mut account).wait().expect("it is saved");
        let (mut raw, first) = by_hand::Account::open();
        let rows = raw.deposit(99);
        alone.block_on(here.insert([&first].into_iter().chain(&rows)));
    }
    schema.vacuum();
    let (events, expected) = (accounts * 100, i64::try_from(accounts * 99).expect("few"));
    let typed = async || assert_eq!(read(&app).await, expected);
    let typed_by_hand = async |connection: &Connection| {
        let (mut after, mut sum) = (0, 0);
        loop {
            let rows = connection.page(&mut after, i64::try_from(PAGE).expect("few")).await;
            sum += rows.iter().map(|row| decoded(row).1).sum::<i64>();
            if rows.len() < PAGE {
                break;
            }
        }
        assert_eq!(sum, expected);
    };
    let sides: [Side<'_>; 4] = [
        Box::new(|| typed().wait()),
        Box::new(|| alone.block_on(typed_by_hand(&here))),
        Box::new(|| tokio.block_on(typed())),
        Box::new(|| tokio.block_on(typed_by_hand(&there))),
    ];
    let [ours, by_hand, ours_in_tasks, by_hand_in_tasks] = rounds(server, many_rounds, sides);
    report("the log, pages of 1,000", events, GOAL, &ours, &by_hand);
    report("the log, pages of 1,000, tokio", events, GOAL, &ours_in_tasks, &by_hand_in_tasks);
}

/// Reads and decodes the log; returns the sum of the deposits.
async fn read(app: &Application) -> i64 {
    let (mut after, mut sum) = (None, 0);
    loop {
        let range = LogRange::all().after(after).limit(PAGE);
        let page = app.recorder().read_log(range).await.expect("it is read");
        for entry in &page.entries {
            let event = app.store().mapper().decode::<AccountEvent>(&entry.event).expect("an event");
            if let Some(AccountEvent::Deposited(deposited)) = event.as_ref().map(Recorded::event) {
                sum += deposited.amount;
            }
        }
        if !page.more {
            return sum;
        }
        after = page.through;
    }
}
