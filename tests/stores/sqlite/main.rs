//! The promises that only SQLite makes; the conformance suite has those of all stores.

mod child;
mod closing;
mod damage;
mod executors;
#[path = "../../support/folder.rs"]
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

/// Opens a connection of another program.
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

/// Returns the outputs of two futures that `make` makes: of one waited for, and of one polled.
fn both<F: Future>(make: impl Fn() -> F) -> [F::Output; 2] {
    [make().wait(), futures_executor::block_on(make())]
}

/// Reads without the details of pages.
trait Reads {
    async fn rows(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error>;
    async fn log(&self, range: LogRange) -> Result<Vec<Notification>, Error>;
    /// Returns the position of the newest event.
    async fn newest(&self) -> Result<Option<Position>, Error>;
    /// Returns the position that a reader of `upstream` has reached.
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

/// Makes the first step of a reader.
fn step(upstream: &'static str, to: Position) -> Step {
    let commit = CommitId::from_uuid(Uuid::from_u128(to.get().into()));
    Step::new(Cursor::new("reader", upstream).unwrap(), None, Mark::new(to, commit)).unwrap()
}

fn stored_key(id: Uuid, wrapped: Vec<u8>) -> StoredKey {
    StoredKey::new(id, DataKeyId::from_bytes(*b"a key id"), wrapped)
}
