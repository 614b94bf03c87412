//! Nothing depends on snapshots: neither on broken ones, nor on those of lost events.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_runtime::mapper::Mapper;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventRange, MemoryRecorder, MemorySnapshots, SnapshotRecorder,
};
use es_runtime::store::{EventStore, Repository, SnapshotStore};
use es_runtime::{Application, ErrorKind, Version, Wait};
use uuid::Uuid;

use crate::account::{Account, open};

use super::breakable::*;
use super::*;

#[test]
fn loading_begins_with_the_snapshot_and_does_without_one_that_cannot_be_read() {
    let snapshots = Arc::new(Breakable::default());
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let app = Application::on(Arc::new(MemoryRecorder::new()))
        .snapshots_in(Arc::new(Handle(Arc::clone(&snapshots))))
        .on_snapshot_error(move |error| seen.lock().unwrap().push(error.kind()))
        .open()
        .wait()
        .unwrap();
    let mut account = open();
    account.deposit(10);
    app.save(&mut account).wait().unwrap();
    let id = account.id();
    app.take_snapshot(id).wait().unwrap();

    // The repository takes the state of the snapshot, and does not read the events before it.
    let row = snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap().pop().unwrap();
    let text = String::from_utf8(row.state.clone()).unwrap();
    assert!(text.contains(r#""data":{"owner":"Ann","balance":10"#), "{text}");
    let change = |from: &str, to: &str| {
        let mut changed = row.clone();
        changed.state = text.replace(from, to).into_bytes();
        snapshots.store.put(changed).wait().unwrap();
        app.get(id).wait().unwrap().balance
    };
    assert_eq!(change("\"balance\":10", "\"balance\":77"), 77);
    assert_eq!(*told.lock().unwrap(), []);
    // The repository ignores a snapshot of other code, and one that it cannot read.
    assert_eq!(change("\"fp\":", "\"fp\":12345,\"other\":"), 10);
    assert_eq!(*told.lock().unwrap(), [], "that is usual after a release");
    assert_eq!(change("\"balance\":10", "\"balance\":\"x\""), 10);
    assert_eq!(change("{", "["), 10);
    assert_eq!(*told.lock().unwrap(), [ErrorKind::Schema, ErrorKind::Corrupt]);

    // A new snapshot replaces the unreadable one.
    app.take_snapshot(id).wait().unwrap();
    assert_eq!(snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap(), [row]);

    snapshots.is_broken.store(true, Ordering::Relaxed);
    assert_eq!(app.get(id).wait().unwrap().balance, 10);
    assert_eq!(told.lock().unwrap().last(), Some(&ErrorKind::Storage));
    assert_eq!(app.take_snapshot_at(id, Version::INITIAL).wait().unwrap_err().kind(), ErrorKind::Storage);
}

#[test]
fn one_that_is_kept_already_is_not_stored_again() {
    let (app, snapshots, _) = told(Arc::new(MemoryRecorder::new()), |builder| builder);
    let mut account = deposits(&app, 3);
    let take = |version: Version| {
        snapshots.puts.store(0, Ordering::Relaxed);
        let taken = app.take_snapshot_at(account.id(), version).wait().unwrap();
        (taken.get(), snapshots.puts.load(Ordering::Relaxed))
    };
    assert_eq!(take(Version::MAX), (4, 1));
    assert_eq!(take(Version::MAX), (4, 0));
    assert_eq!(take(Version::from(4)), (4, 0));
    assert_eq!(take(Version::from(3)), (3, 1));
    account.deposit(1);
    app.save(&mut account).wait().unwrap();
    snapshots.puts.store(0, Ordering::Relaxed);
    assert_eq!(app.take_snapshot(account.id()).wait().unwrap(), Version::from(5));
    assert_eq!(snapshots.puts.load(Ordering::Relaxed), 1);
}

#[test]
fn one_is_made_from_an_earlier_one_and_the_events_after_it() {
    let recorder = Arc::new(Counting::default());
    let store = EventStore::new(Mapper::new(), Arc::clone(&recorder) as _).unwrap();
    let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    let repository = Repository::new(store.clone()).with_snapshots(snapshots);
    let mut account = open();
    (0..9).for_each(|_| account.deposit(1));
    store.put(account.pending()).wait().unwrap();
    let take = |version: u32| {
        recorder.rows.store(0, Ordering::Relaxed);
        repository.take_snapshot_at(account.id(), version).wait().unwrap();
        recorder.rows.load(Ordering::Relaxed)
    };
    assert_eq!(take(6), 6);
    // The load reads the event after which the snapshot was taken, and the later ones.
    assert_eq!(take(10), 5);
    let kept = repository.snapshot_at(account.id(), 10).wait().unwrap().unwrap();
    assert_eq!(kept.balance, 9);
}

#[test]
fn a_snapshot_that_fails_fails_no_save() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    let app = Application::builder(format!("sqlite:{}", file.display()))
        .snapshot_every::<Account>(2)
        .on_snapshot_error(move |error| seen.lock().unwrap().push(error.kind()))
        .open()
        .wait()
        .unwrap();
    // Another program drops the table.
    let database = rusqlite::Connection::open(&file).unwrap();
    database.execute_batch("DROP TABLE snapshots").unwrap();
    let account = deposits(&app, 3);
    assert_eq!(*told.lock().unwrap(), [ErrorKind::Schema; 2]);
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 3);
}

/// Makes a recorder that has only the first events.
fn restored(from: &MemoryRecorder, id: Uuid, events: usize) -> Arc<MemoryRecorder> {
    let backup = MemoryRecorder::new();
    let rows = from.select(id, EventRange::all().limit(events)).wait().unwrap().events;
    backup.append(Commit::new(rows)).wait().unwrap();
    Arc::new(backup)
}

#[test]
fn a_snapshot_beyond_the_stored_events_is_ignored_and_reported() {
    let whole = Arc::new(MemoryRecorder::new());
    let (app, snapshots, _) = told(Arc::clone(&whole), |builder| builder.snapshot_every::<Account>(5));
    let id = deposits(&app, 5).id();
    for events in 0..=6 {
        let backup = restored(&whole, id.uuid(), events);
        let (app, kept, told) = told(backup, |builder| builder);
        for snapshot in snapshots.store.select(id.uuid(), "Account", EventRange::all()).wait().unwrap() {
            kept.store.put(snapshot).wait().unwrap();
        }
        let expected = if events < 5 { vec![ErrorKind::Corrupt] } else { Vec::new() };
        if events == 0 {
            assert_eq!(app.get(id).wait().unwrap_err().kind(), ErrorKind::NotFound);
            assert_eq!(*told.lock().unwrap(), expected);
            continue;
        }
        let mut account = app.get(id).wait().unwrap();
        assert_eq!(account.version().get(), events as u64, "nothing is there that has no event");
        assert_eq!(*told.lock().unwrap(), expected);
        // The next save leaves no gap.
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
        assert_eq!(app.get(id).wait().unwrap().version().get(), events as u64 + 1);
        let past = app.get_at(id, 1).wait().unwrap();
        assert_eq!(past.version().get(), 1, "a snapshot of a later version is not asked for");
    }
}

#[test]
fn a_snapshot_of_events_that_were_lost_does_not_count_when_others_come_to_its_version() {
    let snapshots = Arc::new(MemorySnapshots::new());
    let app = |recorder: &Arc<MemoryRecorder>| {
        let builder = Application::on(Arc::clone(recorder) as _).snapshots_in(Arc::clone(&snapshots) as _);
        builder.open().wait().unwrap()
    };
    let (lost, restored) = (Arc::new(MemoryRecorder::new()), Arc::new(MemoryRecorder::new()));
    let mut account = open();
    let id = account.id();
    app(&lost).save(&mut account).wait().unwrap();
    let backup = lost.select(id.uuid(), EventRange::all()).wait().unwrap().events;
    restored.append(Commit::new(backup)).wait().unwrap();
    account.deposit(111);
    app(&lost).save(&mut account).wait().unwrap();
    app(&lost).take_snapshot(id).wait().unwrap();

    let app = app(&restored);
    let mut account = app.get(id).wait().unwrap();
    assert_eq!(account.balance, 0);
    std::thread::sleep(Duration::from_millis(1));
    account.deposit(222);
    app.save(&mut account).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 222);
    // A new snapshot is the right one.
    app.take_snapshot(id).wait().unwrap();
    assert_eq!(app.get(id).wait().unwrap().balance, 222);
}
