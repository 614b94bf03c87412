//! Tables of an older form are brought to that of today, once, and lose nothing.

use super::*;
use es_runtime::recorder::{AggregateRecorder, ApplicationRecorder, EventRange, LogRange, SnapshotRecorder};

const FORM_1: &str = include_str!("../golden/sqlite_form_1.sql");

fn of_form_1() -> Folder {
    let folder = Folder::new();
    by_hand(&folder).execute_batch(FORM_1).unwrap();
    folder
}

fn forms(folder: &Folder) -> Vec<(String, i64)> {
    let database = by_hand(folder);
    let mut rows = database.prepare("SELECT name, version FROM es_schema ORDER BY name").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn what_was_stored_before_is_there() {
    let folder = of_form_1();
    let (database, recorder) = open(&folder);
    let snapshots = database.snapshots(&Tables::default()).unwrap();
    for number in 1..=2 {
        let id = Uuid::from_u128(number);
        let events = recorder.select(id, EventRange::all()).wait().unwrap();
        let topics: Vec<&str> = events.iter().map(|event| &*event.topic).collect();
        assert_eq!(topics, ["Account.Opened", "Account.Deposited", "Account.Deposited"]);
        let kept = snapshots.select(id, EventRange::all()).wait().unwrap();
        assert_eq!((kept.len(), kept[0].version.get()), (1, 2));
        assert!(String::from_utf8_lossy(&kept[0].state).contains(r#""balance":10"#));
        // And it goes on.
        snapshots.put(kept[0].clone()).wait().unwrap();
        recorder.append(commit(id, 4..=4)).wait().unwrap();
    }
    assert_eq!(recorder.select_log(LogRange::all()).wait().unwrap().len(), 8);
    let expected = [("data_keys", 1), ("snapshots", 2), ("stored_events", 1), ("tracking", 1)];
    assert_eq!(forms(&folder), expected.map(|(name, form)| (name.to_owned(), form)));
    // The second time there is nothing to do.
    let (database, _) = open(&folder);
    database.snapshots(&Tables::default()).unwrap();
}

#[test]
fn who_may_not_change_anything_says_what_to_do() {
    let folder = of_form_1();
    by_hand(&folder).execute_batch("PRAGMA journal_mode = WAL").unwrap();
    for options in [options(&folder).read_only(), options(&folder).existing()] {
        let error = options.open().unwrap().snapshots(&Tables::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema);
        assert!(error.to_string().contains("that of an older release; open the database once"), "{error}");
    }
    assert_eq!(forms(&folder).len(), 3);
}

#[test]
fn several_may_migrate_at_the_same_time() {
    for _ in 0..10 {
        let folder = of_form_1();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let (database, recorder) = open(&folder);
                    let snapshots = database.snapshots(&Tables::default()).unwrap();
                    let id = Uuid::from_u128(1);
                    assert_eq!(snapshots.select(id, EventRange::all()).wait().unwrap().len(), 1);
                    assert_eq!(recorder.select(id, EventRange::all()).wait().unwrap().len(), 3);
                });
            }
        });
    }
}

#[test]
fn a_migration_that_fails_leaves_the_old_form() {
    let folder = of_form_1();
    // Somebody's view needs what would go.
    by_hand(&folder).execute_batch("CREATE VIEW theirs AS SELECT commit_id FROM snapshots").unwrap();
    let (database, _) = open(&folder);
    let error = database.snapshots(&Tables::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(forms(&folder).contains(&("snapshots".to_owned(), 1)));
    by_hand(&folder).execute_batch("DROP VIEW theirs").unwrap();
    database.snapshots(&Tables::default()).unwrap();
}
