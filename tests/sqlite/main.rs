//! What only SQLite promises; what all stores do is in the conformance suite.

mod child;
mod closing;
mod damage;
mod executors;
#[path = "../folder.rs"]
mod folder;
mod forgetting;
mod gone;
mod handles;
mod locking;
mod medium;
mod migrating;
mod opening;
mod processes;
mod tables;
mod turns;

use std::fmt::Debug;
use std::future::Future;

use es_runtime::recorder::{Commit, Sqlite, SqliteOptions, SqliteRecorder, Tables};
use es_runtime::stored_event::StoredEvent;
use es_runtime::{Error, ErrorKind, Version, Wait};
use uuid::Uuid;

use self::folder::Folder;

fn events(id: Uuid, versions: std::ops::RangeInclusive<u32>) -> Vec<StoredEvent> {
    versions
        .map(|version| StoredEvent::new(id, Version::from(version), "Topic", vec![b'x'; 40]).unwrap())
        .collect()
}

fn commit(id: Uuid, versions: std::ops::RangeInclusive<u32>) -> Commit {
    Commit::new(events(id, versions))
}

fn options(folder: &Folder) -> SqliteOptions {
    SqliteOptions::file(folder.file("events.db"))
}

fn open(folder: &Folder) -> (Sqlite, SqliteRecorder) {
    let database = options(folder).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    (database, recorder)
}

/// A connection of somebody else.
fn by_hand(folder: &Folder) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.file("events.db")).unwrap()
}

#[track_caller]
fn kind<T: Debug>(answer: Result<T, Error>) -> ErrorKind {
    match answer {
        Ok(answer) => panic!("was accepted: {answer:?}"),
        Err(error) => error.kind(),
    }
}

/// The output of a future in both ways: made by `make` for each, waited for and polled.
fn both<F: Future>(make: impl Fn() -> F) -> [F::Output; 2] {
    [make().wait(), futures_executor::block_on(make())]
}
