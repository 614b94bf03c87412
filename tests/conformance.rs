//! Every store against every rule of its level.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use es_runtime::Wait;
use es_runtime::recorder::{
    AggregateRecorder, Commit, EventTable, MemoryRecorder, MemorySnapshots, Position, ProcessRecorder,
    SnapshotRecorder, Sqlite, SqliteOptions, SqliteRecorder, SqliteSnapshots, StoredKey, Synchronous, Tables,
    Tracking,
};
use es_runtime::recorder_conformance;
use es_runtime::stored_event::StoredEvent;
use es_runtime::{Error, Version};
use uuid::Uuid;

mod erased;
mod folder;

use self::erased::{Erased, ErasedSnapshots};
use self::folder::Folder;

recorder_conformance!(process, memory, || MemoryRecorder::new());
recorder_conformance!(process, memory_as_object, || Erased::new(MemoryRecorder::new()));
recorder_conformance!(process, sqlite_file, || recorder(&file()), reopen = reopened);
recorder_conformance!(
    process,
    sqlite_file_normal,
    || recorder(&normal(file())),
    reopen = |old| {
        drop::<SqliteRecorder>(old);
        recorder(&normal(at_last_path()))
    }
);
recorder_conformance!(process, sqlite_as_object, || Erased::new(recorder(&file())));
recorder_conformance!(process, sqlite_one_reader, || recorder(&file().readers(1)));
recorder_conformance!(process, sqlite_memory, || recorder(&SqliteOptions::in_memory()));
recorder_conformance!(process, sqlite_shared_memory, || recorder(&shared_memory()));
recorder_conformance!(
    process,
    sqlite_own_names,
    || in_tables(&file(), &own_names()),
    reopen = |old| {
        drop::<SqliteRecorder>(old);
        in_tables(&at_last_path(), &own_names())
    }
);
recorder_conformance!(process, sqlite_second_application, second_application);
recorder_conformance!(application, memory_as_application, || MemoryRecorder::new());

recorder_conformance!(snapshots, memory_snapshots, || MemorySnapshots::new());
recorder_conformance!(snapshots, memory_snapshots_as_object, || ErasedSnapshots::new(MemorySnapshots::new()));
recorder_conformance!(
    snapshots,
    sqlite_snapshots_file,
    || snapshots(&file(), &Tables::default()),
    reopen = |old| {
        drop::<SqliteSnapshots>(old);
        snapshots(&at_last_path(), &Tables::default())
    }
);
recorder_conformance!(snapshots, sqlite_snapshots_memory, || {
    snapshots(&SqliteOptions::in_memory(), &Tables::default())
});
recorder_conformance!(snapshots, sqlite_snapshots_as_object, || {
    ErasedSnapshots::new(snapshots(&file(), &Tables::default()))
});
recorder_conformance!(snapshots, sqlite_snapshots_second_application, snapshots_of_second_application);

thread_local! {
    /// The folders of the test that this thread runs: gone when it ends.
    static FOLDERS: RefCell<Vec<Folder>> = const { RefCell::new(Vec::new()) };
}

fn file() -> SqliteOptions {
    FOLDERS.with_borrow_mut(|folders| folders.push(Folder::new()));
    at_last_path()
}

fn at_last_path() -> SqliteOptions {
    FOLDERS.with_borrow(|folders| SqliteOptions::file(folders.last().unwrap().file("events.db")))
}

fn normal(options: SqliteOptions) -> SqliteOptions {
    options.synchronous(Synchronous::Normal)
}

fn shared_memory() -> SqliteOptions {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    SqliteOptions::in_shared_memory(format!("conformance {}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn own_names() -> Tables {
    let tables = Tables::with_prefix("bank").unwrap();
    tables.with_events(EventTable::sequenced_items("bank_items").unwrap())
}

fn open(options: &SqliteOptions) -> Sqlite {
    options.clone().open().unwrap()
}

fn recorder(options: &SqliteOptions) -> SqliteRecorder {
    in_tables(options, &Tables::default())
}

fn in_tables(options: &SqliteOptions, tables: &Tables) -> SqliteRecorder {
    open(options).recorder(tables).unwrap()
}

fn reopened(old: SqliteRecorder) -> SqliteRecorder {
    drop(old);
    recorder(&at_last_path())
}

fn snapshots(options: &SqliteOptions, tables: &Tables) -> SqliteSnapshots {
    open(options).snapshots(tables).unwrap()
}

/// Under names of their own, beside their events, in the database of another application, which has events and
/// snapshots.
fn snapshots_of_second_application() -> SqliteSnapshots {
    let database = open(&file());
    let first = Tables::with_prefix("first").unwrap();
    fill(&database.recorder(&first).unwrap());
    let snapshot = StoredEvent::new(Uuid::nil(), Version::from(2), "Topic", vec![7]);
    database.snapshots(&first).unwrap().put(snapshot).wait().unwrap();
    fill(&database.recorder(&own_names()).unwrap());
    let own = own_names().with_snapshots(EventTable::sequenced_items("bank_pictures").unwrap());
    database.snapshots(&own).unwrap()
}

/// In the database of another application, which has events, data keys and a forgotten aggregate, and tracks the
/// same upstream.
fn second_application() -> SqliteRecorder {
    let database = open(&file());
    fill(&database.recorder(&Tables::with_prefix("first").unwrap()).unwrap());
    database.recorder(&Tables::with_prefix("second").unwrap()).unwrap()
}

fn fill(recorder: &SqliteRecorder) {
    let filled = || -> Result<(), Error> {
        let events =
            (0..5).map(|number| StoredEvent::new(Uuid::nil(), Version::from(number), "Topic", vec![7]));
        let tracking = Tracking::new("up", Position::new(1_000).unwrap());
        let commit = Commit::new(events.collect()).with_keys(vec![StoredKey::new(Uuid::nil(), vec![7])]);
        recorder.append_tracked(commit, tracking).wait()?;
        recorder.forget(Uuid::max()).wait()?;
        recorder.append(Commit::new(Vec::new())).wait().map(drop)
    };
    // Opened again, it is filled already.
    if let Err(error) = filled() {
        assert!(error.as_conflict().is_some(), "{error}");
    }
}
