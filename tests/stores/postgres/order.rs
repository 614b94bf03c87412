//! The order of the log: who holds readers back, servers that hide their locks, and appends one after the other.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::recorder::{AggregateRecorder, ApplicationRecorder, Commit, LogRange, Tables};
use es_runtime::{ErrorKind, Wait};
use uuid::Uuid;

use super::{Database, event, follow, log, open};
use crate::server::{self, Session, by_hand};

/// Returns the statements of an append that draws its position, and stays open.
fn append_by_hand(schema: &str, floor: &str, id: &str, version: u64, topic: &str, state: &str) -> String {
    format!(
        "SET application_name = 'slow'; BEGIN;
         SELECT pg_advisory_xact_lock_shared('\"{schema}\".stored_events'::regclass::oid::int4, {floor}::int4);
         INSERT INTO \"{schema}\".stored_events (log_position, version, id, commit_id, slice, once, topic, state)
         SELECT nextval('\"{schema}\".stored_events_block') << 10, {version}, {id}, gen_random_uuid(),
                coalesce((SELECT slice FROM \"{schema}\".stored_events WHERE id = {id} LIMIT 1), 0), false,
                '{topic}', convert_to('{state}', 'UTF8')"
    )
}

/// Returns the last block of positions that a writer drew.
fn drawn(schema: &str) -> String {
    by_hand(&format!("SELECT pg_sequence_last_value('\"{schema}\".stored_events_block'::regclass)")).remove(0)
}

/// Appends by hand in a transaction that stays open for so long.
pub(crate) fn append_slowly(schema: &str, seconds: f64) -> thread::JoinHandle<()> {
    let floor = drawn(schema);
    let append = append_by_hand(schema, &floor, "gen_random_uuid()", 1, "Slow", "");
    let statements = format!("{append}; SELECT pg_sleep({seconds}); COMMIT");
    let slow = thread::spawn(move || drop(by_hand(&statements)));
    while drawn(schema) == floor {
        thread::sleep(Duration::from_millis(5));
    }
    slow
}

/// Appends an event by hand in a transaction that stays open until the test ends it.
pub(crate) fn hold_append(schema: &str, id: &str, version: u64, topic: &str, state: &str) -> Session {
    let session = Session::connect();
    session.run(&append_by_hand(schema, &drawn(schema), &format!("'{id}'"), version, topic, state));
    session
}

pub(crate) fn who_holds_readers_back_is_told() {
    let Database { recorder, schema, .. } = open();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    assert!(recorder.held_back().wait().unwrap().is_none(), "nobody appends");
    let slow = append_slowly(&schema, 1.0);
    assert!(recorder.held_back().wait().unwrap().is_none(), "nothing is stored after it");
    for _ in 0..3 {
        let events = vec![event(Uuid::now_v7(), 1), event(Uuid::now_v7(), 1)];
        recorder.append(Commit::new(events)).wait().unwrap();
    }
    let held = recorder.held_back().wait().unwrap().expect("an append is under way");
    assert_eq!((held.events, held.application.as_deref()), (6, Some("slow")));
    assert!(held.since.is_some_and(|since| since < Duration::from_secs(10)), "{held}");
    let of_pid = format!("SELECT application_name FROM pg_stat_activity WHERE pid = {}", held.pid.unwrap());
    assert_eq!(by_hand(&of_pid), ["slow"]);
    assert!(held.to_string().contains("of the program `slow`, holds back 6 events"), "{held}");
    slow.join().unwrap();
    assert!(recorder.held_back().wait().unwrap().is_none(), "the append has ended");
}

/// A prepared transaction belongs to no process of the server, and holds readers back until somebody ends it.
pub(crate) fn a_prepared_transaction_that_holds_readers_back_is_told() {
    let Database { recorder, schema, .. } = open();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let floor =
        by_hand(&format!("SELECT pg_sequence_last_value('\"{schema}\".stored_events_block'::regclass)"));
    by_hand(&format!(
        "BEGIN; SELECT pg_advisory_xact_lock_shared('\"{schema}\".stored_events'::regclass::oid::int4, {}::int4);
         PREPARE TRANSACTION '{schema}'",
        floor[0]
    ));
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let held = recorder.held_back().wait().unwrap().expect("a prepared transaction holds readers back");
    assert_eq!((held.events, held.pid), (1, None));
    assert!(held.to_string().starts_with("a prepared transaction"), "{held}");
    by_hand(&format!("ROLLBACK PREPARED '{schema}'"));
    assert!(recorder.held_back().wait().unwrap().is_none());
}

/// A row at the last position of all, which a hand has put there.
pub(crate) fn the_last_position_is_read_and_not_exceeded() {
    let Database { recorder, schema, .. } = open();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    by_hand(&format!(
        "INSERT INTO \"{schema}\".stored_events (log_position, version, id, commit_id, slice, once, topic, state)
         VALUES ({}, 1, gen_random_uuid(), gen_random_uuid(), 0, false, 'Last', '')",
        i64::MAX
    ));
    // A writer that begins at the last block.
    let lock =
        format!("SELECT pg_advisory_xact_lock_shared('\"{schema}\".stored_events'::regclass::oid::int4, -1)");
    let statements = format!("BEGIN; {lock}; SELECT pg_sleep(1.5); COMMIT");
    let slow = thread::spawn(move || drop(by_hand(&statements)));
    thread::sleep(Duration::from_millis(300));
    let topics: Vec<_> = log(&recorder).iter().map(|entry| entry.event.topic.to_string()).collect();
    assert_eq!(topics, ["Topic", "Last"]);
    assert!(recorder.held_back().wait().unwrap().is_none());
    slow.join().unwrap();
    // The sequence follows the table, and no block is left.
    by_hand(&format!("SELECT setval('\"{schema}\".stored_events_block', (1::bigint << 53) - 1)"));
    for many in [1, 2, 1_100] {
        let events = (1..=many).map(|version| event(Uuid::now_v7(), version)).collect();
        let refused = recorder.append(Commit::new(events)).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
        assert!(refused.to_string().contains("out of range"), "{refused}");
    }
    assert_eq!(by_hand(&format!("SELECT count(*) FROM \"{schema}\".stored_events")), ["2"]);
}

pub(crate) fn a_receipt_that_is_held_back_too_long_names_who_holds_it() {
    let Database { recorder, schema, .. } = open();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let impatient = server::in_schema(&schema).timeout(Duration::from_millis(300)).open().unwrap();
    let impatient = impatient.recorder(&Tables::default()).unwrap();
    let slow = append_slowly(&schema, 1.5);
    let receipt = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let refused = impatient.resolve(&receipt).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Timeout);
    assert!(refused.to_string().contains("of the program `slow`"), "{refused}");
    slow.join().unwrap();
    impatient.resolve(&receipt).wait().unwrap();
}

/// A view in front of the real one hides the locks, as a server without `pg_locks` does.
pub(crate) fn a_server_that_hides_its_locks_is_refused_with_the_remedy() {
    let schema = server::new_schema();
    by_hand(&format!(
        "CREATE ROLE {schema} LOGIN SUPERUSER; CREATE SCHEMA {schema}_view;
         CREATE VIEW {schema}_view.pg_locks AS SELECT * FROM pg_catalog.pg_locks WHERE false;
         ALTER ROLE {schema} SET search_path = {schema}_view, pg_catalog, public"
    ));
    let hidden = || server::in_schema(&schema).user(&*schema);
    let refused = hidden().open().unwrap().recorder(&Tables::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
    assert!(refused.to_string().contains("appends=serial"), "{refused}");
    by_hand(&format!("DROP SCHEMA {schema} CASCADE"));
    let serial = hidden().serial_appends().open().unwrap().recorder(&Tables::default()).unwrap();
    serial.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    assert_eq!(log(&serial).len(), 1);
}

pub(crate) fn a_log_is_appended_to_in_one_way_only() {
    let Database { schema, .. } = open();
    let serial = server::in_schema(&schema).serial_appends();
    let refused = serial.open().unwrap().recorder(&Tables::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Schema);
    assert!(refused.to_string().contains("leave out `appends=serial`"), "{refused}");
    let schema = server::new_schema();
    server::in_schema(&schema).serial_appends().open().unwrap().recorder(&Tables::default()).unwrap();
    let refused = server::in_schema(&schema).open().unwrap().recorder(&Tables::default()).unwrap_err();
    assert!(refused.to_string().contains("write `appends=serial`"), "{refused}");
}

/// Appends that wait for each other are in order without any look at locks.
pub(crate) fn serial_appends_of_many_processes_are_read_in_order() {
    const WRITERS: u64 = 8;
    const COMMITS: u64 = 60;
    let schema = server::new_schema();
    let open =
        || server::in_schema(&schema).serial_appends().open().unwrap().recorder(&Tables::default()).unwrap();
    let handles = [open(), open(), open()];
    let seen = thread::scope(|scope| {
        let follower = scope.spawn(|| follow(&handles[0], WRITERS * COMMITS * 2));
        for writer in 0..WRITERS {
            let recorder = &handles[usize::try_from(writer % 3).unwrap()];
            scope.spawn(move || {
                let id = Uuid::now_v7();
                for version in 1..=COMMITS {
                    let events = vec![event(id, version), event(Uuid::now_v7(), 1)];
                    recorder.append(Commit::new(events)).wait().unwrap();
                }
            });
        }
        follower.join().unwrap()
    });
    assert_eq!(seen, log(&handles[1]));
    let slow = append_serially_by_hand(&schema);
    let began = Instant::now();
    handles[2].append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    assert!(began.elapsed() > Duration::from_millis(300), "an append did not wait for the one before it");
    slow.join().unwrap();
    assert_eq!(
        handles[2].read_log(LogRange::all().limit(0)).wait().unwrap().through,
        log(&handles[2]).last().map(es_runtime::recorder::Notification::mark)
    );
}

fn append_serially_by_hand(schema: &str) -> thread::JoinHandle<()> {
    let statements = format!(
        "BEGIN; SELECT pg_advisory_xact_lock('\"{schema}\".stored_events'::regclass::oid::int4, 0);
         SELECT pg_sleep(0.8); COMMIT"
    );
    let slow = thread::spawn(move || drop(by_hand(&statements)));
    thread::sleep(Duration::from_millis(300));
    slow
}

/// A program that ends within an append does not hold readers back until the server loses its patience.
pub(crate) fn an_append_whose_program_is_gone_holds_nobody_back() {
    let Database { recorder, schema, .. } = open();
    let id = Uuid::now_v7();
    let statements = format!(
        "BEGIN; INSERT INTO \"{schema}\".stored_events (log_position, version, id, commit_id, slice, once, topic, state)
         SELECT 1, 1, '{id}', gen_random_uuid(), 0, false, 'Slow', '';
         SELECT pg_sleep(8); ROLLBACK"
    );
    let taken = thread::spawn(move || drop(by_hand(&statements)));
    let gone = server::in_schema(&schema).application_name(format!("{schema}_gone")).open().unwrap();
    let of_gone = gone.recorder(&Tables::default()).unwrap();
    thread::sleep(Duration::from_millis(200));
    let mut waiting = Box::pin(of_gone.append(Commit::new(vec![event(id, 1)])));
    assert!(smol::block_on(smol::future::poll_once(&mut waiting)).is_none());
    let active = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{schema}_gone' AND wait_event_type = 'Lock'"
    );
    let began = Instant::now();
    while by_hand(&active) != ["1"] {
        assert!(began.elapsed() < Duration::from_secs(5), "the append does not wait");
    }
    // The connections end with the runtime, as they do with a process.
    drop(waiting);
    drop((of_gone, gone));
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    while recorder.held_back().wait().unwrap().is_some() {
        assert!(began.elapsed() < Duration::from_secs(6), "readers are held back by a program that is gone");
        thread::sleep(Duration::from_millis(50));
    }
    taken.join().unwrap();
}

/// A subscriber that keeps the fields of warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, of: &tracing::Metadata<'_>) -> bool {
        of.target() == "es_runtime" && *of.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::Id {
        tracing::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::Id, _: &tracing::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            write!(fields, "{}={value:?} ", field.name()).unwrap();
        });
        self.0.lock().unwrap().push(fields);
    }

    fn enter(&self, _: &tracing::Id) {}

    fn exit(&self, _: &tracing::Id) {}
}

/// The mark of a reader may come from another process, whose readers are ahead.
pub(crate) fn a_reader_whose_mark_is_ahead_waits() {
    let Database { recorder, schema, .. } = open();
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let slow = append_slowly(&schema, 1.0);
    let ahead = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let began = Instant::now();
    recorder.beyond(ahead.mark()).wait().unwrap();
    assert!(began.elapsed() > Duration::from_millis(300), "there is nothing beyond {:?}", ahead.mark());
    slow.join().unwrap();
}

pub(crate) fn readers_that_are_held_back_for_long_warn_once() {
    let Database { recorder, schema, .. } = open();
    let first = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let reached = recorder.resolve(&first).wait().unwrap();
    let slow = append_slowly(&schema, 3.0);
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || {
        while log(&recorder).len() < 3 {
            recorder.beyond(reached).wait().unwrap();
        }
    });
    slow.join().unwrap();
    let warnings = warnings.0.lock().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("events=1") && warnings[0].contains("application=\"slow\""), "{warnings:?}");
}
