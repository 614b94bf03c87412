//! The store opens its own tables, and refuses all others.

use super::*;
use es_runtime::recorder::{EventTable, KeyRecorder, ProcessRecorder, SnapshotRecorder};

#[test]
fn a_table_that_is_not_there_is_reported() {
    let folder = Folder::new();
    options(&folder).open().unwrap();
    for options in [options(&folder).without_creating(), options(&folder).read_only()] {
        let database = options.open().unwrap();
        assert_eq!(kind(database.recorder(&Tables::default())), ErrorKind::Schema);
        assert_eq!(kind(database.snapshots(&Tables::default())), ErrorKind::Schema);
    }
    assert!(
        kind(SqliteOptions::in_memory().read_only().open().unwrap().recorder(&Tables::default()))
            == ErrorKind::Schema
    );
}

#[test]
fn a_table_that_is_dropped_later_is_reported() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    let id = Uuid::now_v7();
    recorder.append(commit(id, 1..=2)).wait().unwrap();
    by_hand(&folder).execute_batch("DROP TABLE stored_events; DROP TABLE tracking").unwrap();
    let tracking = || step("up", Position::FIRST);
    for _ in 0..2 {
        for versions in [3..=3, 3..=4] {
            for written in both(|| recorder.append(commit(id, versions.clone()))) {
                assert_eq!(kind(written), ErrorKind::Schema);
            }
        }
        assert!(
            both(|| recorder.append_tracked(commit(id, 3..=3), tracking())).map(kind)
                == [ErrorKind::Schema; 2]
        );
        assert!(both(|| recorder.rows(id, EventRange::all())).map(kind) == [ErrorKind::Schema; 2]);
        assert!(both(|| recorder.log(LogRange::all())).map(kind) == [ErrorKind::Schema; 2]);
        assert!(both(|| recorder.log(LogRange::all().topics(["a"]))).map(kind) == [ErrorKind::Schema; 2]);
        assert!(both(|| recorder.newest()).map(kind) == [ErrorKind::Schema; 2]);
        assert!(both(|| recorder.reached("up")).map(kind) == [ErrorKind::Schema; 2]);
    }
}

#[test]
fn tables_that_are_there_are_used() {
    let folder = Folder::new();
    let id = Uuid::now_v7();
    let (database, recorder) = open(&folder);
    recorder.append(commit(id, 1..=1)).wait().unwrap();
    let again = database.recorder(&Tables::default()).unwrap();
    again.append(commit(id, 2..=2)).wait().unwrap();
    let existing = options(&folder).without_creating().open().unwrap().recorder(&Tables::default()).unwrap();
    existing.append(commit(id, 3..=3)).wait().unwrap();
    assert_eq!(recorder.rows(id, EventRange::all()).wait().unwrap(), events(id, 1..=3));
}

#[test]
fn snapshots_stand_apart_from_events() {
    let folder = Folder::new();
    let id = Uuid::now_v7();
    let (database, recorder) = open(&folder);
    let snapshots = database.snapshots(&Tables::default()).unwrap();
    recorder.append(commit(id, 1..=5)).wait().unwrap();
    assert_eq!(snapshots.select(id, "Topic", EventRange::all()).wait().unwrap(), []);
    snapshots.put(events(id, 5..=5).remove(0)).wait().unwrap();
    assert_eq!(snapshots.select(id, "Topic", EventRange::all()).wait().unwrap(), events(id, 5..=5));
    assert_eq!(recorder.rows(id, EventRange::all()).wait().unwrap(), events(id, 1..=5));
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 5);
}

#[test]
fn tables_of_another_program_are_refused() {
    let tables = [
        "CREATE TABLE stored_events (a INTEGER)",
        "CREATE TABLE stored_events (id BLOB, version INTEGER, topic TEXT, state BLOB)",
        "CREATE TABLE stored_events (log_position INTEGER PRIMARY KEY, id BLOB, version INTEGER, topic TEXT,
         state BLOB)",
        "CREATE TABLE tracking (a INTEGER)",
        "CREATE TABLE tracking (upstream TEXT, place INTEGER)",
        "CREATE VIEW stored_events AS SELECT 1",
        "CREATE TABLE es_schema (a INTEGER)",
    ];
    for create in tables {
        let folder = Folder::new();
        by_hand(&folder).execute_batch(create).unwrap();
        // Opening does not make the table ours.
        for _ in 0..2 {
            let opened = options(&folder).open().unwrap().recorder(&Tables::default());
            assert!(opened.is_err(), "{create}");
            assert_eq!(kind(opened), ErrorKind::Schema, "{create}");
        }
    }
}

#[test]
fn columns_under_other_names_are_refused() {
    let folder = Folder::new();
    let tables = |columns| Tables::default().with_events(EventTable::with_columns("items", columns).unwrap());
    let database = options(&folder).open().unwrap();
    database.recorder(&tables(["id", "version", "topic", "state"])).unwrap();
    for (at, other) in ["sequence_id", "nr", "kind", "data"].into_iter().enumerate() {
        let mut columns = ["id", "version", "topic", "state"];
        columns[at] = other;
        assert_eq!(kind(database.recorder(&tables(columns))), ErrorKind::Schema, "{other}");
    }
}

#[test]
fn a_table_is_for_one_thing() {
    let folder = Folder::new();
    let events = EventTable::stored_events("Items").unwrap();
    let database = options(&folder).open().unwrap();
    for tables in [
        Tables::default().with_snapshots(EventTable::stored_events("stored_events").unwrap()),
        Tables::default().with_events(events.clone()).with_tracking("items").unwrap(),
        Tables::default().with_events(events).with_data_keys("items").unwrap(),
        Tables::default().with_tracking("TRACKING").unwrap().with_data_keys("tracking").unwrap(),
    ] {
        assert_eq!(kind(database.recorder(&tables)), ErrorKind::Config);
        assert_eq!(kind(database.snapshots(&tables)), ErrorKind::Config);
    }
}

#[test]
fn tables_of_a_newer_release_are_refused() {
    let folder = Folder::new();
    open(&folder);
    by_hand(&folder).execute("UPDATE es_schema SET version = version + 1", []).unwrap();
    for options in [options(&folder), options(&folder).without_creating(), options(&folder).read_only()] {
        let error = options.open().unwrap().recorder(&Tables::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema);
        assert!(error.to_string().contains("update the program"), "{error}");
    }
}

#[test]
fn a_position_is_not_used_again_when_the_newest_rows_are_deleted_by_hand() {
    let folder = Folder::new();
    let id = Uuid::now_v7();
    for is_open in [true, false] {
        let (database, recorder) = open(&folder);
        let (_, last) = recorder.append(commit(Uuid::now_v7(), 1..=3)).wait().unwrap().positions().unwrap();
        recorder.append(commit(id, 1..=2)).wait().unwrap();
        let (database, recorder) = if is_open {
            (database, recorder)
        } else {
            drop((database, recorder));
            open(&folder)
        };
        let other = by_hand(&folder);
        other
            .execute("DELETE FROM stored_events WHERE log_position > ?1", [last.get().cast_signed()])
            .unwrap();
        other.execute_batch("VACUUM").unwrap();
        let (first, _) = recorder.append(commit(Uuid::now_v7(), 1..=1)).wait().unwrap().positions().unwrap();
        assert_eq!(first.get(), last.get() + 3);
        drop(database);
    }
}

#[test]
fn two_applications_cannot_share_a_table() {
    let folder = Folder::new();
    let database = SqliteOptions::file(folder.file("events.db")).open().unwrap();
    database.recorder(&Tables::default()).unwrap();
    database.snapshots(&Tables::default()).unwrap();
    let other = Tables::default().with_events(EventTable::stored_events("tenant_b").unwrap());
    for error in [database.recorder(&other).err(), database.snapshots(&other).err()] {
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Schema);
        assert!(error.to_string().contains("belongs to the events in `stored_events`"), "{error}");
    }
    let other = other.with_tracking("tracking_b").unwrap();
    let other = other.with_snapshots(EventTable::stored_events("snapshots_b").unwrap());
    let other = other.with_data_keys("data_keys_b").unwrap();
    database.recorder(&other).unwrap();
    database.snapshots(&other).unwrap();
}

#[test]
fn tables_under_another_name_keep_their_key() {
    let folder = Folder::new();
    let database = SqliteOptions::file(folder.file("events.db")).open().unwrap();
    drop(database.recorder(&Tables::default()).unwrap());
    drop(database);
    by_hand(&folder)
        .execute_batch(
            "ALTER TABLE stored_events RENAME TO bank_stored_events;
             ALTER TABLE tracking RENAME TO bank_tracking;
             ALTER TABLE data_keys RENAME TO bank_data_keys;
             UPDATE es_schema SET name = 'bank_' || name, owner = 'bank_' || owner;",
        )
        .unwrap();
    let database = SqliteOptions::file(folder.file("events.db")).open().unwrap();
    let renamed = database.recorder(&Tables::with_prefix("bank").unwrap()).unwrap();
    renamed.append(commit(Uuid::from_u128(7), 1..=1)).wait().unwrap();
    let twice = renamed.append(commit(Uuid::from_u128(7), 1..=1)).wait().unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::AlreadyExists);
}

#[test]
fn a_reader_has_one_row_however_many_steps() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    let (cursor, mut from) = (Cursor::new("reader", "up").unwrap(), None);
    for position in 1..=100_u64 {
        let to = Mark::new(Position::new(position).unwrap(), CommitId::new());
        let next = Step::new(cursor.clone(), from.replace(to), to).unwrap();
        // A step with events takes the place of the one before it, too.
        if position.is_multiple_of(2) {
            recorder.append_tracked(commit(Uuid::now_v7(), 1..=1), next).wait().unwrap();
        } else {
            recorder.track(next).wait().unwrap();
        }
    }
    recorder.track(step("other", Position::FIRST)).wait().unwrap();
    let rows = by_hand(&folder).query_row("SELECT count(*) FROM tracking", [], |row| row.get::<_, i64>(0));
    assert_eq!(rows.unwrap(), 2);
    assert_eq!(recorder.reached("up").wait().unwrap(), Position::new(100));
    assert_eq!(recorder.reached("other").wait().unwrap(), Some(Position::FIRST));
}

#[test]
fn a_commit_of_which_a_trigger_leaves_out_rows_is_refused_as_a_whole() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    let (first, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let done = commit(first, 1..=1);
    let receipt = recorder.append(done.clone()).wait().unwrap();
    by_hand(&folder)
        .execute_batch(
            "CREATE TRIGGER leaves_out BEFORE INSERT ON stored_events WHEN new.version IN (2, 70)
             BEGIN SELECT RAISE(IGNORE); END",
        )
        .unwrap();
    for (id, versions) in [(first, 2..=2), (first, 2..=4), (other, 1..=2), (other, 1..=75)] {
        for refused in both(|| recorder.append(commit(id, versions.clone()))) {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
            assert!(error.to_string().contains("a trigger of your own"), "{error}");
        }
        let tracked = recorder.append_tracked(commit(id, versions), step("up", Position::FIRST)).wait();
        assert_eq!(kind(tracked), ErrorKind::Schema);
    }
    let with_key = commit(other, 1..=2).with_keys(vec![stored_key(other, vec![7; 66])]);
    assert_eq!(kind(recorder.append(with_key).wait()), ErrorKind::Schema);
    assert_eq!(recorder.log(LogRange::all()).wait().unwrap().len(), 1, "nothing of them is stored");
    assert_eq!(recorder.reached("up").wait().unwrap(), None);
    assert_eq!(recorder.select_keys(vec![other]).wait().unwrap(), []);
    let later = recorder.append(commit(other, 1..=1)).wait().unwrap().positions().unwrap();
    assert!(later.0 > receipt.positions().unwrap().0);
    // The store knows an earlier commit, whatever a trigger does now.
    by_hand(&folder).execute_batch("DROP TRIGGER leaves_out; CREATE TRIGGER none BEFORE INSERT ON stored_events BEGIN SELECT RAISE(IGNORE); END").unwrap();
    assert!(both(|| recorder.append(done.clone())).into_iter().all(|again| again.unwrap().is_repeated()));
}
