//! SQLite against the rules.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use es_runtime::Wait;
use es_runtime::id::{DataKeyId, Mark, Position};
use es_runtime::recorder::StoredEvent;
use es_runtime::recorder::{
    AggregateRecorder, Commit, CommitId, Cursor, DynProcessRecorder, DynSnapshotRecorder, EventTable,
    KeyRecorder, ProcessRecorder, SnapshotRecorder, Sqlite, SqliteOptions, SqliteRecorder, SqliteSnapshots,
    Step, StoredKey, Synchronous, Tables,
};
use es_runtime::recorder_conformance;
use es_runtime::{Error, Version};
use uuid::Uuid;

use crate::folder::Folder;

recorder_conformance!(
    process + keys,
    sqlite_file,
    || recorder(&file()),
    reopen = reopened,
    second = |_| recorder(&at_last_path())
);
recorder_conformance!(
    process + keys,
    sqlite_file_normal,
    || recorder(&normal(file())),
    reopen = |old| {
        drop::<SqliteRecorder>(old);
        recorder(&normal(at_last_path()))
    }
);
recorder_conformance!(process, sqlite_as_object, || Box::new(recorder(&file()))
    as Box<dyn DynProcessRecorder>);
recorder_conformance!(process + keys, sqlite_one_reader, || recorder(&file().readers(1)));
recorder_conformance!(process + keys, sqlite_memory, || recorder(&SqliteOptions::in_memory()));
recorder_conformance!(process + keys, sqlite_shared_memory, || recorder(&shared_memory()));
recorder_conformance!(
    process + keys,
    sqlite_own_names,
    || in_tables(&file(), &own_names()),
    reopen = |old| {
        drop::<SqliteRecorder>(old);
        in_tables(&at_last_path(), &own_names())
    }
);
recorder_conformance!(process + keys, sqlite_second_application, second_application);
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
    Box::new(snapshots(&file(), &Tables::default())) as Box<dyn DynSnapshotRecorder>
});
recorder_conformance!(snapshots, sqlite_snapshots_second_application, snapshots_of_second_application);

thread_local! {
    /// The folders of the test that this thread runs, removed when the thread ends.
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

/// Keeps snapshots in tables with names of their own, in the database of another application, which has events and
/// snapshots.
fn snapshots_of_second_application() -> SqliteSnapshots {
    let database = open(&file());
    let first = Tables::with_prefix("first").unwrap();
    fill(&database.recorder(&first).unwrap());
    let snapshot = StoredEvent::new(Uuid::nil(), Version::from(2), "Topic", vec![7]).unwrap();
    database.snapshots(&first).unwrap().put(snapshot).wait().unwrap();
    fill(&database.recorder(&own_names()).unwrap());
    let own = own_names().with_snapshots(EventTable::sequenced_items("bank_pictures").unwrap());
    database.snapshots(&own).unwrap()
}

/// Opens a recorder in the database of another application, which has events, data keys and a forgotten aggregate, and
/// tracks the same upstream.
fn second_application() -> SqliteRecorder {
    let database = open(&file());
    fill(&database.recorder(&Tables::with_prefix("first").unwrap()).unwrap());
    database.recorder(&Tables::with_prefix("second").unwrap()).unwrap()
}

fn fill(recorder: &SqliteRecorder) {
    let filled = || -> Result<(), Error> {
        let events = (0..5)
            .map(|number| StoredEvent::new(Uuid::nil(), Version::from(number), "Topic", vec![7]))
            .collect::<Result<Vec<_>, _>>()?;
        let reached = Mark::new(Position::new(1_000).unwrap(), CommitId::new());
        let step = Step::new(Cursor::new("reader", "up")?, None, reached)?;
        let key = StoredKey::new(Uuid::nil(), DataKeyId::random(), vec![7]);
        recorder.append_tracked(Commit::new(events).with_keys(vec![key]), step).wait()?;
        let notice = StoredEvent::new(Uuid::max(), Version::from(1), "Topic.Forgotten", vec![7])?;
        recorder.forget(Uuid::max(), Commit::new(vec![notice])).wait()?;
        recorder.append(Commit::new(Vec::new())).wait().map(drop)
    };
    // A store that is opened again is filled already.
    if let Err(error) = filled() {
        assert!(error.as_conflict().is_some(), "{error}");
    }
}
