//! Tables of an older form are brought to that of today, once, and lose nothing.

use super::*;
use es_runtime::recorder::SnapshotRecorder;

use es_runtime::cipher::{AesGcm, Key};
use es_runtime::id::Slices;
use es_runtime::mapper::Mapper;
use es_runtime::{Application, Id};

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
    let expected = [("data_keys", 3), ("snapshots", 3), ("stored_events", 3), ("tracking", 3)];
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

const FORM_2: &str = include_str!("../golden/sqlite_form_2.sql");

mod bank {
    use es_runtime::{aggregate, mutator};

    #[aggregate]
    #[derive(Debug)]
    pub(super) struct Account {
        pub owner: String,
        pub balance: i64,
    }

    #[mutator(visibility = pub(super))]
    impl Account {
        #[event(Opened)]
        pub fn open(owner: String) -> Self {
            Self { owner, balance: 0 }
        }

        #[event(Deposited)]
        pub fn deposit(&mut self, amount: i64) {
            self.balance += amount;
        }
    }
}

use self::bank::Account;

fn app(folder: &Folder) -> Application {
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::from_bytes(&[7; 32]).unwrap()));
    let uri = format!("sqlite:{}", folder.file("events.db").display());
    Application::builder(uri).mapper(mapper).snapshots().open().wait().unwrap()
}

#[test]
fn a_database_of_form_2_is_read_and_goes_on() {
    let folder = Folder::new();
    by_hand(&folder).execute_batch(FORM_2).unwrap();
    let app = app(&folder);
    let id = |number| Id::<Account>::from_uuid(Uuid::from_u128(number));
    for (number, owner) in [(1, "Ann"), (2, "Bo")] {
        let mut account = app.get(id(number)).wait().unwrap();
        assert_eq!((account.owner.as_str(), account.balance), (owner, 10 + number as i64));
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
        assert!(
            app.store().renew_key(id(number).uuid()).wait().is_ok_and(|renewed| renewed),
            "to the form with an id"
        );
        assert_eq!(app.get(id(number)).wait().unwrap().balance, 11 + number as i64);
        assert_eq!(app.repository().snapshots().unwrap().versions(id(number)).wait().unwrap(), [2_u64]);
    }
    assert_eq!(kind(app.get(id(3)).wait()), ErrorKind::Forgotten);
    // Forgotten before there were notices: it stays so, without one.
    app.forget(id(3)).wait().unwrap();
    // The commit ids of callers are known.
    let chosen = CommitId::from_key("chosen");
    let again = app.execute_once(chosen, id(1), |account| account.deposit(100)).wait().unwrap();
    assert!(again.is_none() && app.get(id(1)).wait().unwrap().balance == 12);
    app.close();

    let (_, recorder) = open(&folder);
    let log = recorder.log(LogRange::all()).wait().unwrap();
    assert_eq!(log.len(), 11);
    let slices: Vec<Slices> = Slices::split::<64>().into();
    for entry in &log {
        let page = recorder.read_log(LogRange::all().after(entry.mark())).wait().unwrap();
        assert_eq!(page.entries.len() as u64, 11 - entry.position().get());
        let share = slices.iter().find(|share| share.contains(entry.slice())).unwrap();
        let in_share = recorder.log(LogRange::all().slices(*share)).wait().unwrap();
        assert!(in_share.contains(entry), "{:?}", entry.slice());
    }
    // A place that did not say which commit stands there is kept, and not taken for one that does.
    assert_eq!(recorder.reached("orders").wait().unwrap(), None);
    let kept = "SELECT position FROM tracking_form_2 WHERE upstream = 'orders'";
    assert_eq!(by_hand(&folder).query_row(kept, [], |row| row.get::<_, i64>(0)).unwrap(), 41);
    assert!(forms(&folder).iter().all(|(_, form)| *form == 3), "{:?}", forms(&folder));
}

#[test]
fn several_programs_bring_form_2_to_form_3_at_the_same_time() {
    for _ in 0..5 {
        let folder = Folder::new();
        by_hand(&folder).execute_batch(FORM_2).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let account =
                        app(&folder).get(Id::<Account>::from_uuid(Uuid::from_u128(1))).wait().unwrap();
                    assert_eq!(account.balance, 11);
                });
            }
        });
        assert!(forms(&folder).iter().all(|(_, form)| *form == 3));
    }
}
