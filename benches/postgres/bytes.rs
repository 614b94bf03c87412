//! The bytes that an event takes in the table and in each index, with a state of 100 bytes.

use es_runtime::recorder::{AggregateRecorder, Commit, StoredEvent};
use es_runtime::{Version, Wait};
use uuid::Uuid;

use crate::by_hand::{Connection, Row};
use crate::measure::on_this_thread;
use crate::server::{Place, Server};

const TOPIC: &str = "Account.Deposited";
/// The number of events of each aggregate, which are one commit.
const EACH: usize = 10;

pub(crate) fn bytes(server: &Server, events: usize) {
    let (schema, table) = (server.schema(), server.by_hand());
    let (recorder, runtime) = (schema.recorder(), on_this_thread());
    let connection = runtime.block_on(Connection::open(&table));
    for _ in 0..events / EACH {
        let (id, commit) = (Uuid::now_v7(), Uuid::now_v7());
        let versions = (1..).take(EACH);
        let state = || vec![b'x'; 100];
        let event = |version: u32| {
            StoredEvent::new(id, Version::from(version), TOPIC, state()).expect("it has a name")
        };
        let row = |version| Row { version, id, commit, topic: TOPIC, state: state() };
        let (ours, by_hand): (Vec<_>, Vec<_>) =
            (versions.clone().map(event).collect(), (1..).take(EACH).map(row).collect());
        recorder.append(Commit::new(ours)).wait().expect("it is stored");
        runtime.block_on(connection.insert(&by_hand));
    }
    println!("\n{:<58} {:>11} {:>11}", "bytes per event of 100 bytes", "framework", "by hand");
    let (ours, by_hand) = (sizes(&schema, events), sizes(&table, events));
    let print = |name: &str, ours: Option<f64>, by_hand: Option<f64>| {
        let [ours, by_hand] =
            [ours, by_hand].map(|bytes| bytes.map_or_else(String::new, |bytes| format!("{bytes:.1}")));
        println!("{name:<58} {ours:>11} {by_hand:>11}");
    };
    let of = |sizes: &[(String, f64)], name: &str| {
        sizes.iter().find(|(known, _)| known == name).map(|(_, bytes)| *bytes)
    };
    for (name, bytes) in &ours {
        print(name, Some(*bytes), of(&by_hand, name));
    }
    for (name, bytes) in by_hand.iter().filter(|(name, _)| of(&ours, name).is_none()) {
        print(name, None, Some(*bytes));
    }
    let sum = |sizes: &[(String, f64)]| Some(sizes.iter().map(|(_, bytes)| bytes).sum());
    print("together", sum(&ours), sum(&by_hand));
}

/// Returns the bytes for each event of the table and its indexes.
fn sizes(place: &Place, events: usize) -> Vec<(String, f64)> {
    let named = place.run(
        "SELECT CASE relkind WHEN 'r' THEN 'the table' WHEN 'S' THEN 'the sequence'
                     ELSE (SELECT string_agg(pg_get_indexdef(oid, at::int, true), ', ' ORDER BY at)
                             FROM generate_series(1, relnatts) AS at)
                          || coalesce(' where ' || pg_get_expr(indpred, indrelid), '') END
                || '=' || pg_relation_size(oid)
           FROM pg_class LEFT JOIN pg_index ON indexrelid = oid
          WHERE relnamespace = current_schema()::regnamespace
            AND (oid = 'stored_events'::regclass OR indrelid = 'stored_events'::regclass)
          ORDER BY relkind DESC, indisprimary DESC, relname",
    );
    let events = f64::from(u32::try_from(events).expect("few"));
    let size = |line: &String| {
        let (name, bytes) = line.rsplit_once('=').expect("a name and a size");
        (name.to_owned(), bytes.parse::<f64>().expect("a number") / events)
    };
    named.iter().map(size).collect()
}
