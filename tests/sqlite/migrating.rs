//! Tables of an older form are brought to that of today, once, and lose nothing.

use super::*;
use es_runtime::recorder::SnapshotRecorder;

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

/// The statement that would make the table of snapshots, and the names of what stands beside it.
fn made_by(folder: &Folder) -> (String, Vec<String>) {
    let database = by_hand(folder);
    let of_table = "SELECT sql FROM sqlite_schema WHERE name = 'snapshots'";
    let mut names =
        database.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%snap%' ORDER BY 1").unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    (database.query_row(of_table, [], |row| row.get(0)).unwrap(), names)
}

#[test]
fn what_was_stored_before_is_there() {
    let folder = of_form_1();
    let (database, recorder) = open(&folder);
    let snapshots = database.snapshots(&Tables::default()).unwrap();
    for number in 1..=2 {
        let id = Uuid::from_u128(number);
        let events = recorder.rows(id, EventRange::all()).wait().unwrap();
        let topics: Vec<&str> = events.iter().map(|event| &*event.topic).collect();
        assert_eq!(topics, ["Account.Opened", "Account.Deposited", "Account.Deposited"]);
        let kept = snapshots.select(id, "Account", EventRange::all()).wait().unwrap();
        assert_eq!((kept.len(), kept[0].version.get()), (1, 2));
        assert!(String::from_utf8_lossy(&kept[0].state).contains(r#""balance":10"#));
        // And it goes on.
        snapshots.put(kept[0].clone()).wait().unwrap();
        let other = StoredEvent::new(id, kept[0].version, "Other", vec![7]).unwrap();
        snapshots.put(other.clone()).wait().unwrap();
        assert_eq!(snapshots.select(id, "Account", EventRange::all()).wait().unwrap(), kept);
        assert_eq!(snapshots.select(id, "Other", EventRange::all()).wait().unwrap(), [other]);
        recorder.append(commit(id, 4..=4)).wait().unwrap();
    }
    assert_eq!(recorder.log(LogRange::all()).wait().unwrap().len(), 8);
    let expected = [("data_keys", 1), ("snapshots", 2), ("stored_events", 1), ("tracking", 1)];
    assert_eq!(forms(&folder), expected.map(|(name, form)| (name.to_owned(), form)));
    // The second time there is nothing to do.
    let (database, _) = open(&folder);
    database.snapshots(&Tables::default()).unwrap();
    let fresh = Folder::new();
    open(&fresh).0.snapshots(&Tables::default()).unwrap();
    assert_eq!(made_by(&folder), made_by(&fresh), "the table is as it would be made today");
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
                    assert_eq!(snapshots.select(id, "Account", EventRange::all()).wait().unwrap().len(), 1);
                    assert_eq!(recorder.rows(id, EventRange::all()).wait().unwrap().len(), 3);
                });
            }
        });
    }
}

/// The snapshots of form 1, each as text.
fn rows(folder: &Folder) -> Vec<String> {
    let database = by_hand(folder);
    let row = "quote(id) || quote(version) || quote(topic) || quote(state) || quote(commit_id)";
    let mut rows = database.prepare(&format!("SELECT {row} FROM snapshots")).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_migration_that_fails_leaves_the_old_form() {
    // Somebody's view needs what would go; somebody's table has the name of the new one; a row does not fit.
    for (harm, mended) in [
        ("CREATE VIEW theirs AS SELECT commit_id FROM snapshots", "DROP VIEW theirs"),
        ("CREATE TABLE snapshots_form_2 (a)", "DROP TABLE snapshots_form_2"),
        (
            "PRAGMA ignore_check_constraints = ON; UPDATE snapshots SET version = -2 WHERE hex(id) LIKE '%02'",
            "UPDATE snapshots SET version = 2",
        ),
    ] {
        let folder = of_form_1();
        by_hand(&folder).execute_batch(harm).unwrap();
        let before = rows(&folder);
        let (database, _) = open(&folder);
        let error = database.snapshots(&Tables::default()).unwrap_err();
        assert!(error.to_string().contains("bring a table to its new form"), "{error}");
        assert!(forms(&folder).contains(&("snapshots".to_owned(), 1)));
        assert_eq!(rows(&folder), before, "after {harm}");
        by_hand(&folder).execute_batch(mended).unwrap();
        let snapshots = database.snapshots(&Tables::default()).unwrap();
        for number in 1..=2 {
            let kept =
                snapshots.select(Uuid::from_u128(number), "Account", EventRange::all()).wait().unwrap();
            assert_eq!(kept.len(), 1);
        }
    }
}
