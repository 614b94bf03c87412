//! The promises that only PostgreSQL makes.

use std::collections::HashSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::DataKeyId;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, ColumnType, ColumnValue, Commit, EventRange, EventTable,
    KeyRecorder, LogRange, PostgresOptions, PostgresRecorder, SnapshotRecorder, StoredEvent, StoredKey,
    Tables,
};
use es_runtime::{ErrorKind, Version, Wait};
use uuid::Uuid;

use super::order::append_slowly;
use super::{Database, event, log, notice, open};
use crate::postgres::by_hand_as;
use crate::proxy::Proxy;
use crate::server::{self, by_hand};

pub(crate) fn a_writer_that_is_under_way_holds_readers_back() {
    let Database { recorder, schema, .. } = open();
    let first = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let first = recorder.resolve(&first).wait().unwrap();
    let slow = append_slowly(&schema, 1.5);
    let later = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    let page = recorder.read_log(LogRange::all()).wait().unwrap();
    assert_eq!(
        (page.entries.len(), page.through),
        (1, first),
        "a reader passed by a writer that is under way"
    );
    let began = Instant::now();
    recorder.resolve(&later).wait().unwrap();
    assert!(began.elapsed() > Duration::from_millis(300), "it is resolved while a lower position may appear");
    slow.join().unwrap();
    let topics: Vec<_> = log(&recorder).iter().map(|entry| entry.event.topic.to_string()).collect();
    assert_eq!(topics, ["Topic", "Slow", "Topic"]);
}

pub(crate) fn a_sequence_behind_its_table_is_refused_with_the_remedy() {
    let Database { recorder, schema, .. } = open();
    for _ in 0..3 {
        recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    }
    by_hand(&format!("SELECT setval('\"{schema}\".stored_events_block', 1)"));
    let refused = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
    let at_start = server::in_schema(&schema).open().unwrap().recorder(&Tables::default()).unwrap_err();
    assert_eq!(at_start.to_string(), refused.to_string());
    let remedy = refused.to_string();
    by_hand(remedy.split_once("run ").unwrap().1);
    recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
    assert_eq!(log(&recorder).len(), 4);
}

pub(crate) fn tables_that_are_not_ours_are_refused() {
    let schema = server::new_schema();
    by_hand(&format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.tracking (id int)"));
    let database = server::in_schema(&schema).open().unwrap();
    let refused = database.recorder(&Tables::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Schema);
    assert!(refused.to_string().contains("`tracking` that this program did not make"), "{refused}");
    let lacking = server::in_schema(&server::new_schema()).without_creating().open().unwrap();
    let refused = lacking.recorder(&Tables::default()).unwrap_err();
    let shown = refused.to_string();
    for part in ["has no table `stored_events`", "which is `es_", "the prefix", "`PostgresOptions::script`"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let Database { schema, .. } = open();
    by_hand(&format!("UPDATE {schema}.es_schema SET version = 9"));
    let refused = server::in_schema(&schema).open().unwrap().recorder(&Tables::default()).unwrap_err();
    assert!(refused.to_string().contains("has form 9, but this program knows form 1"), "{refused}");
    let long = Tables::with_prefix(&"x".repeat(48)).unwrap();
    assert_eq!(database.recorder(&long).unwrap_err().kind(), ErrorKind::Config);
}

pub(crate) fn processes_that_start_together_make_the_tables_once() {
    let schema = server::new_schema();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| server::in_schema(&schema).open().unwrap().recorder(&Tables::default()).unwrap());
        }
    });
}

pub(crate) fn own_columns_are_filled_and_emptied() {
    let schema = server::new_schema();
    let events = EventTable::stored_events("stored_events").unwrap();
    let events = events.with_column("amount", ColumnType::Integer).unwrap();
    let events = events.with_column("note", ColumnType::Text).unwrap();
    let tables = Tables::default().with_events(events);
    let recorder = server::in_schema(&schema).open().unwrap().recorder(&tables).unwrap();
    let id = Uuid::now_v7();
    let mut filled = event(id, 1);
    filled.columns =
        [("amount".into(), ColumnValue::Integer(7)), ("note".into(), "seven".into())].into_iter().collect();
    let mut second = filled.clone();
    second.version = 2.into();
    recorder.append(Commit::new(vec![filled])).wait().unwrap();
    recorder.append(Commit::new(vec![second, event(id, 3)])).wait().unwrap();
    let look = format!(
        "SELECT coalesce(amount::text, '-') || coalesce(note, '-') FROM {schema}.stored_events ORDER BY version"
    );
    assert_eq!(by_hand(&look), ["7seven", "7seven", "--"]);
    recorder.forget(id, Commit::new(vec![notice(id, 4)])).wait().unwrap();
    assert_eq!(by_hand(&look), ["--"; 4]);
}

/// Opens a recorder that shares no watch with others: it believes that it has another server.
fn in_another_process(schema: &str, name: &str) -> (PostgresRecorder, Proxy) {
    let proxy = Proxy::new(server::host());
    let options = server::at(Some(proxy.port), None).schema(schema).unwrap();
    let opened = options.application_name(format!("{schema}{name}")).open().unwrap();
    (opened.recorder(&Tables::default()).unwrap(), proxy)
}

pub(crate) fn another_process_is_woken_soon() {
    let Database { recorder, schema, .. } = open();
    let (other, _proxy) = in_another_process(&schema, "");
    let mut times = Vec::new();
    for _ in 0..6 {
        let reached = other.read_log(LogRange::all().limit(0)).wait().unwrap().through;
        let waiting = thread::spawn({
            let other = other.clone();
            move || wait_for_more(&other, reached)
        });
        thread::sleep(Duration::from_millis(150));
        let began = Instant::now();
        recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
        waiting.join().unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    assert!(times[2] < Duration::from_millis(300), "a reader in another process is woken after {times:?}");
}

pub(crate) fn without_its_listener_a_reader_still_learns_of_more() {
    let Database { recorder, schema, .. } = open();
    let (other, _proxy) = in_another_process(&schema, "_reader");
    for _ in 0..2 {
        let reached = other.read_log(LogRange::all().limit(0)).wait().unwrap().through;
        let waiting = thread::spawn({
            let other = other.clone();
            move || wait_for_more(&other, reached)
        });
        thread::sleep(Duration::from_millis(100));
        by_hand(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{schema}_reader'"
        ));
        let began = Instant::now();
        recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap();
        waiting.join().unwrap();
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}

fn wait_for_more(recorder: &PostgresRecorder, reached: Option<es_runtime::recorder::Mark>) {
    while recorder.read_log(LogRange::all().limit(0)).wait().unwrap().through == reached {
        recorder.beyond(reached).wait().unwrap();
    }
}

pub(crate) fn a_closed_database_refuses_and_finishes_what_it_took() {
    let Database { handle, recorder, schema } = open();
    let ready = Barrier::new(51);
    let stored = thread::scope(|scope| {
        let saving: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    let commit = Commit::new(vec![event(Uuid::now_v7(), 1)]);
                    let id = commit.id();
                    ready.wait();
                    let mut saved = pin!(recorder.append(commit));
                    // The first poll begins the call.
                    let begun = smol::block_on(smol::future::poll_once(&mut saved));
                    ready.wait();
                    begun.unwrap_or_else(|| saved.wait()).unwrap();
                    id
                })
            })
            .collect();
        ready.wait();
        ready.wait();
        handle.close();
        let refused = recorder.append(Commit::new(vec![event(Uuid::now_v7(), 1)])).wait().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Closed);
        saving.into_iter().map(|saving| saving.join().unwrap()).collect::<HashSet<_>>()
    });
    assert_eq!(recorder.read_log(LogRange::all()).wait().unwrap_err().kind(), ErrorKind::Closed);
    let again = server::in_schema(&schema).open().unwrap().recorder(&Tables::default()).unwrap();
    let found: HashSet<_> = log(&again).iter().map(|entry| entry.mark().commit()).collect();
    assert_eq!((found.len(), found), (50, stored));
}

/// Calls that wait for a connection of the pool are calls under way.
pub(crate) fn a_closed_database_finishes_the_reads_that_wait() {
    let schema = server::new_schema();
    let handle = server::in_schema(&schema).connections(1).open().unwrap();
    let recorder = handle.recorder(&Tables::default()).unwrap();
    let id = Uuid::now_v7();
    let receipt = recorder.append(Commit::new(vec![event(id, 1)])).wait().unwrap();
    let holding = hold_table(&schema, "stored_events", 0.7);
    let ready = Barrier::new(11);
    thread::scope(|scope| {
        let reading: Vec<_> = (0..10)
            .map(|number| {
                let (recorder, receipt, ready) = (&recorder, &receipt, &ready);
                scope.spawn(move || {
                    let mut reading: Pin<Box<dyn Future<Output = _> + Send>> = match number % 4 {
                        0 => Box::pin(async { recorder.read_log(LogRange::all()).await.map(drop) }),
                        1 => Box::pin(async { recorder.select(id, EventRange::all()).await.map(drop) }),
                        2 => Box::pin(async { recorder.resolve(receipt).await.map(drop) }),
                        _ => Box::pin(async {
                            recorder.forget(Uuid::now_v7(), Commit::new(Vec::new())).await.map(drop)
                        }),
                    };
                    let begun = smol::block_on(smol::future::poll_once(&mut reading));
                    ready.wait();
                    begun.unwrap_or_else(|| reading.wait()).unwrap();
                })
            })
            .collect();
        ready.wait();
        handle.close();
        assert_eq!(recorder.read_log(LogRange::all()).wait().unwrap_err().kind(), ErrorKind::Closed);
        for reading in reading {
            reading.join().unwrap();
        }
    });
    holding.join().unwrap();
    let left = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%\"{schema}\"%' AND pid <> pg_backend_pid()"
    );
    let began = Instant::now();
    while by_hand(&left) != ["0"] {
        assert!(began.elapsed() < Duration::from_secs(5), "a connection of the pool stays open");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Holds a table for so long, against readers too.
pub(crate) fn hold_table(schema: &str, table: &str, seconds: f64) -> thread::JoinHandle<()> {
    server::hold(&format!("LOCK TABLE \"{schema}\".{table} IN ACCESS EXCLUSIVE MODE"), seconds, "COMMIT")
}

pub(crate) fn an_application_opens_by_uri() {
    let schema = server::new_schema();
    let uri = format!("{}?schema={schema}&connections=2", server::uri());
    let app = es_runtime::Application::builder(uri.as_str()).open().wait().unwrap();
    drop(app);
    let tables = by_hand(&format!("SELECT count(*) FROM {schema}.es_schema"));
    assert_eq!(tables, ["3"]);
    let wrong = by_hand_as(server::uri(), "SELECT 1 FROM nowhere").unwrap_err();
    assert!(wrong.as_db_error().is_some());
}

/// Small events, and then many large ones: the server sends not much more than a page has room for.
pub(crate) fn a_page_bounds_what_the_server_sends() {
    const PAGE: usize = 1 << 20;
    let database = open();
    let large = |id, version| {
        StoredEvent::new(id, Version::new(version).unwrap(), "Topic", vec![7; PAGE / 2]).unwrap()
    };
    let id = Uuid::now_v7();
    let small = (1..=3_000).map(|version| event(id, version)).collect();
    database.recorder.append(Commit::new(small)).wait().unwrap();
    for first in [3_001, 3_101] {
        let events = (first..first + 100).map(|version| large(id, version)).collect();
        database.recorder.append(Commit::new(events)).wait().unwrap();
    }
    let (reader, proxy) = in_another_process(&database.schema, "");
    let most = u64::try_from(PAGE).unwrap();
    let (mut read, mut of_one, mut after, mut from) = (0, 0, None, 1);
    let sent = |before: u64| proxy.received.load(Ordering::SeqCst) - before;
    let mut large_ones = 0;
    let mut check = |bytes: u64| {
        // The systems between fill their buffers, too.
        assert!(bytes < 24 * most, "{bytes} bytes for a page");
        large_ones += usize::from(bytes > 4 * most);
    };
    loop {
        let before = sent(0);
        let page = reader.read_log(LogRange::all().after(after).limit_bytes(PAGE)).wait().unwrap();
        check(sent(before));
        read += page.entries.len();
        after = page.through;
        if !page.more {
            break;
        }
    }
    loop {
        let before = sent(0);
        let range = EventRange::all().from(Version::new(from).unwrap()).limit_bytes(PAGE);
        let page = reader.select(id, range).wait().unwrap();
        check(sent(before));
        of_one += page.events.len();
        from += page.events.len() as u64;
        if !page.more {
            break;
        }
    }
    assert_eq!((read, of_one), (3_200, 3_200));
    assert!(large_ones < 12, "the recorder did not learn from {large_ones} pages how large the events are");
}

/// An append that waits while its aggregate is forgotten sees that the key is gone, with a plan that the server keeps and
/// with one that it makes anew.
pub(crate) fn an_append_that_waits_for_forgetting_is_refused() {
    let database = open();
    let mut recorders = vec![database.recorder.clone()];
    if let Some(pooler) = server::has_pooler().then(server::pooler) {
        let pooled: PostgresOptions = pooler.uri().parse().unwrap();
        let pooled = pooled.through_pooler().schema(&database.schema).unwrap().open().unwrap();
        recorders.push(pooled.recorder(&Tables::default()).unwrap());
    }
    for recorder in recorders {
        for many in [1, 2] {
            let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
            let [key, key_of_other] = [id, other].map(|id| StoredKey::new(id, DataKeyId::random(), vec![7]));
            let commit = |version| {
                let events = [id, other].into_iter().take(many).map(|id| event(id, version)).collect();
                let keys = [key.clone(), key_of_other.clone()].into_iter().take(many).collect();
                Commit::new(events).with_keys(keys)
            };
            // The server has the plan from the third on.
            for version in 1..=3 {
                recorder.append(commit(version)).wait().unwrap();
            }
            let forgetting = forget_slowly(&database.schema, id);
            let began = Instant::now();
            let refused = recorder.append(commit(4)).wait().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Forgotten, "{refused}");
            assert!(began.elapsed() > Duration::from_millis(200), "the append did not wait");
            forgetting.join().unwrap();
        }
    }
}

/// Forgets an aggregate by hand, in a transaction that stays open for a while.
fn forget_slowly(schema: &str, id: Uuid) -> thread::JoinHandle<()> {
    let forget =
        format!("UPDATE \"{schema}\".data_keys SET forgotten = true, wrapped = '' WHERE id = '{id}'");
    hold_gate(schema, 0.5, &forget)
}

/// Takes the lock of those who forget for so long, and then runs a statement.
fn hold_gate(schema: &str, seconds: f64, statement: &str) -> thread::JoinHandle<()> {
    let lock = format!("LOCK TABLE \"{schema}\".stored_events_gate IN EXCLUSIVE MODE");
    server::hold(&lock, seconds, &format!("{statement}; COMMIT"))
}

/// The driver writes a line for each statement. No line holds a state, a wrapped key, or a value of the user's columns.
pub(crate) fn no_line_of_a_log_holds_what_is_stored() {
    const SECRET: &str = "a secret that no log may hold";
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    static LINES: AtomicUsize = AtomicUsize::new(0);
    struct Log;
    impl log::Log for Log {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            let line = record.args().to_string();
            let bytes = format!("{:?}", SECRET.as_bytes());
            LINES.fetch_add(usize::from(line.contains("executing statement")), Ordering::SeqCst);
            let shows = line.contains(SECRET) || line.contains(bytes.trim_matches(['[', ']']));
            SEEN.fetch_add(usize::from(shows), Ordering::SeqCst);
        }
        fn flush(&self) {}
    }
    log::set_logger(&Log).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let schema = server::new_schema();
    let events = EventTable::stored_events("stored_events").unwrap();
    let tables = Tables::default().with_events(events.with_column("note", ColumnType::Text).unwrap());
    let database = server::in_schema(&schema).open().unwrap();
    let (recorder, snapshots) = (database.recorder(&tables).unwrap(), database.snapshots(&tables).unwrap());
    let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
    let secret = |id, version| {
        let mut event = StoredEvent::new(id, version, "Topic", SECRET.into()).unwrap();
        event.columns = [("note".into(), SECRET.into())].into_iter().collect();
        event
    };
    let (one, two) = (Version::new(1).unwrap(), Version::new(2).unwrap());
    let key = StoredKey::new(id, DataKeyId::random(), SECRET.into());
    recorder.append(Commit::new(vec![secret(id, one)]).with_keys(vec![key.clone()])).wait().unwrap();
    recorder.append(Commit::new(vec![secret(other, one), secret(Uuid::now_v7(), one)])).wait().unwrap();
    let new = StoredKey::new(id, key.key().unwrap(), [SECRET, SECRET].concat().into());
    assert!(recorder.replace_key(key, new).wait().unwrap());
    snapshots.put(StoredEvent::new(id, two, "Topic", SECRET.into()).unwrap()).wait().unwrap();
    assert_eq!(log(&recorder).len(), 3);
    log::set_max_level(log::LevelFilter::Off);
    assert!(LINES.load(Ordering::SeqCst) > 4, "the driver writes no lines");
    assert_eq!(SEEN.load(Ordering::SeqCst), 0, "lines hold the secret");
}

/// Changes of one aggregate run one after the other, and the time of a call counts its wait for earlier ones.
pub(crate) fn changes_that_wait_for_each_other_keep_to_their_time() {
    let schema = server::new_schema();
    let database = server::in_schema(&schema).timeout(Duration::from_millis(300)).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let id = Uuid::now_v7();
    let held = hold_gate(&schema, 5.0, "SELECT 1");
    let began = Instant::now();
    let refused: Vec<_> = thread::scope(|scope| {
        let forget = || recorder.forget(id, Commit::new(vec![notice(id, 1)])).wait().unwrap_err().kind();
        let waiting: Vec<_> = (0..12).map(|_| scope.spawn(forget)).collect();
        waiting.into_iter().map(|forgetting| forgetting.join().unwrap()).collect()
    });
    assert_eq!(refused, [ErrorKind::Timeout; 12]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    held.join().unwrap();
}
