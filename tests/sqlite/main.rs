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
mod marks;
mod medium;
mod migrating;
mod opening;
mod processes;
mod restored;
mod tables;
mod turns;

use std::fmt::Debug;
use std::future::Future;

use es_runtime::id::{CommitId, DataKeyId, Mark, Position};
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, Cursor, EventRange, LogRange, Notification, Sqlite,
    SqliteOptions, SqliteRecorder, Step, StoredKey, Tables, TrackingRecorder,
};
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

/// Reads without the rest of their pages.
trait Reads {
    async fn rows(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error>;
    async fn log(&self, range: LogRange) -> Result<Vec<Notification>, Error>;
    /// The position of the newest event.
    async fn newest(&self) -> Result<Option<Position>, Error>;
    /// The position that a reader of `upstream` has reached.
    async fn reached(&self, upstream: &'static str) -> Result<Option<Position>, Error>;
}

impl Reads for SqliteRecorder {
    async fn rows(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.select(id, range).await.map(|page| page.events)
    }

    async fn log(&self, range: LogRange) -> Result<Vec<Notification>, Error> {
        self.read_log(range).await.map(|page| page.entries)
    }

    async fn newest(&self) -> Result<Option<Position>, Error> {
        self.read_log(LogRange::all().limit(0)).await.map(|page| page.through.map(Mark::position))
    }

    async fn reached(&self, upstream: &'static str) -> Result<Option<Position>, Error> {
        self.tracked(&Cursor::new("reader", upstream)?).await.map(|mark| mark.map(Mark::position))
    }
}

/// The first step of a reader.
fn step(upstream: &'static str, to: Position) -> Step {
    let commit = CommitId::from_uuid(Uuid::from_u128(to.get().into()));
    Step::new(Cursor::new("reader", upstream).unwrap(), None, Mark::new(to, commit)).unwrap()
}

fn stored_key(id: Uuid, wrapped: Vec<u8>) -> StoredKey {
    StoredKey::new(id, DataKeyId::from_bytes(*b"a key id"), wrapped)
}
