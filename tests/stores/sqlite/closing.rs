//! Closing is final.

use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use super::*;
use es_runtime::recorder::{ProcessRecorder, SnapshotRecorder};

#[test]
fn after_closing_everything_is_refused() {
    let folder = Folder::new();
    let memory = SqliteOptions::in_memory();
    for options in [options(&folder), options(&folder).readers(1), memory] {
        let database = options.open().unwrap();
        let recorder = database.recorder(&Tables::default()).unwrap();
        let snapshots = database.snapshots(&Tables::default()).unwrap();
        let id = Uuid::now_v7();
        recorder.append(commit(id, 1..=1)).wait().unwrap();
        // The store now has all its threads and connections.
        for _ in 0..8 {
            for read in both(|| recorder.rows(id, EventRange::all())) {
                assert_eq!(read.unwrap().len(), 1);
            }
            futures_executor::block_on(recorder.append(commit(Uuid::now_v7(), 1..=1))).unwrap();
        }
        let made_before = (recorder.append(commit(id, 2..=2)), recorder.rows(id, EventRange::all()));
        let clone = database.clone();
        database.close();
        clone.close();
        let closed = [ErrorKind::Closed; 2];
        for _ in 0..8 {
            assert_eq!(both(|| recorder.append(commit(id, 2..=2))).map(kind), closed);
            assert_eq!(both(|| recorder.append(commit(id, 2..=3))).map(kind), closed);
            assert_eq!(both(|| snapshots.put(events(id, 2..=2).remove(0))).map(kind), closed);
            assert_eq!(both(|| snapshots.select(id, "Topic", EventRange::all())).map(kind), closed);
            assert_eq!(both(|| recorder.rows(id, EventRange::all())).map(kind), closed);
            assert_eq!(both(|| recorder.log(LogRange::all())).map(kind), closed);
            assert_eq!(both(|| recorder.newest()).map(kind), closed);
            assert_eq!(both(|| recorder.reached("up")).map(kind), closed);
            let tracking = || step("up", Position::FIRST);
            assert_eq!(both(|| recorder.append_tracked(commit(id, 2..=2), tracking())).map(kind), closed);
        }
        assert_eq!(kind(database.recorder(&Tables::default())), ErrorKind::Closed);
        assert_eq!(kind(made_before.0.wait()), ErrorKind::Closed);
        assert_eq!(kind(futures_executor::block_on(made_before.1)), ErrorKind::Closed);
    }
}

#[test]
fn reads_that_were_asked_for_before_closing_are_done() {
    let folder = Folder::new();
    let database = options(&folder).readers(1).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let id = Uuid::now_v7();
    recorder.append(commit(id, 1..=20_000)).wait().unwrap();
    let mut polled: Vec<_> = (0..20).map(|_| Box::pin(recorder.rows(id, EventRange::all()))).collect();
    for read in &mut polled {
        let poll = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending(), "one after the other reads for a while");
    }
    thread::scope(|scope| {
        // Closing also waits for the one reader.
        let waiting = scope.spawn(|| recorder.rows(id, EventRange::all()).wait());
        thread::sleep(Duration::from_millis(100));
        database.close();
        assert_eq!(both(|| recorder.newest()).map(kind), [ErrorKind::Closed; 2]);
        assert_eq!(waiting.join().unwrap().unwrap().len(), 20_000);
    });
    for read in polled {
        assert_eq!(futures_executor::block_on(read).unwrap().len(), 20_000);
    }
}

#[test]
fn the_file_is_let_go() {
    let folder = Folder::new();
    let (database, recorder) = open(&folder);
    recorder.append(commit(Uuid::now_v7(), 1..=1)).wait().unwrap();
    assert_eq!(futures_executor::block_on(recorder.log(LogRange::all())).unwrap().len(), 1);
    assert!(folder.file("events.db-wal").exists());
    database.close();
    let began = std::time::Instant::now();
    while folder.file("events.db-wal").exists() {
        assert!(began.elapsed().as_secs() < 5, "the last connection to close merges the log into the file");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_shared_memory_that_is_closed_can_be_opened_again() {
    let open = || SqliteOptions::in_shared_memory("closing").open().unwrap();
    let id = Uuid::now_v7();
    let one = open().recorder(&Tables::default()).unwrap();
    one.append(commit(id, 1..=1)).wait().unwrap();
    let database = open();
    let other = database.recorder(&Tables::default()).unwrap();
    assert_eq!(other.rows(id, EventRange::all()).wait().unwrap().len(), 1, "both see the same");
    database.close();
    assert_eq!(kind(one.newest().wait()), ErrorKind::Closed);
    let again = open().recorder(&Tables::default()).unwrap();
    assert_eq!(again.newest().wait().unwrap(), None, "the events in memory are gone");
}
