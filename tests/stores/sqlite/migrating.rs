//! The store brings tables of an older form to that of today, once, and loses nothing.

use super::*;
use es_runtime::recorder::{ColumnType, EventTable, SnapshotRecorder};

use es_runtime::id::Slices;
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::{Application, Id};

const FORM_1: &str = include_str!("golden/sqlite_form_1.sql");

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

/// Returns the statement that made the table of snapshots, and the names of the objects beside it.
fn made_by(folder: &Folder) -> (String, Vec<String>) {
    let database = by_hand(folder);
    let of_table = "SELECT sql FROM sqlite_schema WHERE name = 'snapshots'";
    let mut names =
        database.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%snap%' ORDER BY 1").unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    (database.query_row(of_table, [], |row| row.get(0)).unwrap(), names)
}

#[test]
fn a_migration_keeps_the_rows() {
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
        // The migrated table takes new snapshots.
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
    // The second opening has nothing to migrate.
    let (database, _) = open(&folder);
    database.snapshots(&Tables::default()).unwrap();
    let fresh = Folder::new();
    open(&fresh).0.snapshots(&Tables::default()).unwrap();
    assert_eq!(made_by(&folder), made_by(&fresh), "the table is as it would be made today");
}

#[test]
fn a_connection_that_may_not_migrate_reports_the_remedy() {
    let folder = of_form_1();
    by_hand(&folder).execute_batch("PRAGMA journal_mode = WAL").unwrap();
    for options in [options(&folder).read_only(), options(&folder).without_creating()] {
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

/// Returns the snapshots of form 1, each as text.
fn rows(folder: &Folder) -> Vec<String> {
    let database = by_hand(folder);
    let row = "quote(id) || quote(version) || quote(topic) || quote(state) || quote(commit_id)";
    let mut rows = database.prepare(&format!("SELECT {row} FROM snapshots")).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_migration_that_fails_leaves_the_old_form() {
    // Another table has the name of the new one; a row does not fit.
    for (harm, mended) in [
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

const FORM_2: &str = include_str!("golden/sqlite_form_2.sql");

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
        assert_eq!((account.owner.as_str(), account.balance), (owner, 10 + i64::try_from(number).unwrap()));
        account.deposit(1);
        app.save(&mut account).wait().unwrap();
        assert!(
            app.store().renew_key(id(number).uuid()).wait().is_ok_and(|renewed| renewed),
            "to the form with an id"
        );
        assert_eq!(app.get(id(number)).wait().unwrap().balance, 11 + i64::try_from(number).unwrap());
        assert_eq!(app.repository().snapshots().unwrap().versions(id(number)).wait().unwrap(), [2_u64]);
    }
    assert_eq!(kind(app.get(id(3)).wait()), ErrorKind::Forgotten);
    // The aggregate was forgotten before there were notices: it stays forgotten, without one.
    app.forget(id(3)).wait().unwrap();
    // The store knows the commit ids of callers.
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
    // The store keeps a position without a commit, but does not take it for a mark.
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

/// Makes a file with tables of form 2, in which other programs have put objects of their own.
fn of_form_2(theirs: &str) -> Folder {
    let folder = Folder::new();
    by_hand(&folder).execute_batch(FORM_2).unwrap();
    by_hand(&folder).execute_batch(theirs).unwrap();
    folder
}

/// Returns the statement that made an object.
fn text_of(folder: &Folder, name: &str) -> Option<String> {
    let text = "SELECT sql FROM sqlite_schema WHERE name = ?1";
    by_hand(folder).query_row(text, [name], |row| row.get(0)).ok()
}

fn number(folder: &Folder, query: &str) -> i64 {
    by_hand(folder).query_row(query, [], |row| row.get(0)).unwrap()
}

const BY_FORM_2: &str = "INSERT INTO stored_events (id, version, topic, state, commit_id)
                         VALUES (randomblob(16), 1, 'Account.Opened', x'00', randomblob(16))";

#[test]
fn a_program_of_form_2_that_is_still_open_stores_nothing_after_the_migration() {
    let folder = of_form_2("");
    let old = by_hand(&folder);
    let mut insert = old.prepare(BY_FORM_2).unwrap();
    insert.execute([]).unwrap();
    let (_, recorder) = open(&folder);
    let error = insert.execute([]).unwrap_err();
    assert!(error.to_string().contains("NOT NULL constraint failed: stored_events.slice"), "{error}");
    assert_eq!(recorder.log(LogRange::all()).wait().unwrap().len(), 10);
}

#[test]
fn a_table_that_was_migrated_is_as_it_would_be_made_today() {
    let (folder, fresh) = (of_form_2(""), Folder::new());
    open(&folder);
    open(&fresh);
    for name in ["stored_events", "stored_events_first", "stored_events_once"] {
        assert_eq!(text_of(&folder, name), text_of(&fresh, name));
    }
    assert_eq!(text_of(&folder, "stored_events_form_3"), None);
}

#[test]
fn positions_go_on_after_a_migration_where_they_were() {
    let folder = of_form_2(
        "DELETE FROM stored_events WHERE log_position IN (2, 9);
         UPDATE sqlite_sequence SET seq = 40 WHERE name = 'stored_events';",
    );
    let (_, recorder) = open(&folder);
    let log = recorder.log(LogRange::all()).wait().unwrap();
    let positions: Vec<u64> = log.iter().map(|entry| entry.position().get()).collect();
    assert_eq!(positions, [1, 3, 4, 5, 6, 7, 8]);
    let receipt = recorder.append(commit(Uuid::from_u128(77), 1..=1)).wait().unwrap();
    assert_eq!(receipt.positions().unwrap().0.get(), 41);
    assert_eq!(number(&folder, "SELECT count(*) FROM sqlite_sequence"), 1);

    let empty = of_form_2(
        "DELETE FROM stored_events; UPDATE sqlite_sequence SET seq = 40 WHERE name = 'stored_events'",
    );
    let receipt = open(&empty).1.append(commit(Uuid::from_u128(77), 1..=1)).wait().unwrap();
    assert_eq!(receipt.positions().unwrap().0.get(), 41);
}

#[test]
fn own_columns_of_a_migrated_table_keep_their_values_and_rules() {
    let folder = of_form_2(
        "CREATE TABLE tenants (name TEXT PRIMARY KEY); INSERT INTO tenants VALUES ('a'), ('b');
         ALTER TABLE stored_events ADD COLUMN tenant TEXT COLLATE NOCASE DEFAULT 'a, (b)' CHECK (tenant <> ',)');
         ALTER TABLE stored_events ADD COLUMN \"their, \"\"own\" INTEGER REFERENCES tenants (name);
         ALTER TABLE stored_events ADD COLUMN size INTEGER AS (length(state)) VIRTUAL; -- not ours
         ALTER TABLE stored_events ADD COLUMN amount INTEGER;
         UPDATE stored_events SET tenant = 'B', amount = log_position WHERE log_position > 3;",
    );
    let rows = "SELECT group_concat(quote(tenant) || quote(\"their, \"\"own\") || size || quote(amount)) FROM stored_events";
    let read = || by_hand(&folder).query_row(rows, [], |row| row.get::<_, String>(0)).unwrap();
    let before = read();
    let events = EventTable::stored_events("stored_events").unwrap();
    let events = events.with_column("amount", ColumnType::Integer).unwrap();
    let tables = Tables::default().with_events(events.with_column("later", ColumnType::Text).unwrap());
    options(&folder)
        .open()
        .unwrap()
        .recorder(&tables)
        .unwrap()
        .append(commit(Uuid::from_u128(77), 1..=1))
        .wait()
        .unwrap();
    by_hand(&folder).execute("DELETE FROM stored_events WHERE log_position = 10", []).unwrap();
    assert_eq!(read(), before);
    assert_eq!(number(&folder, "SELECT count(*) FROM stored_events WHERE tenant = 'b' AND later IS NULL"), 6);
    for refused in ["tenant = ',)'", "\"their, \"\"own\" = 7", "amount = 'much'"] {
        let update = format!("UPDATE stored_events SET {refused}");
        let refused = by_hand(&folder).execute_batch(&format!("PRAGMA foreign_keys = ON; {update}"));
        assert!(refused.is_err(), "{update}");
    }
    // The column `state` stands behind all others, except those added later.
    let last = "SELECT name FROM pragma_table_info('stored_events') ORDER BY cid DESC LIMIT 1";
    assert_eq!(by_hand(&folder).query_row(last, [], |row| row.get::<_, String>(0)).unwrap(), "state");
}

#[test]
fn a_migration_keeps_what_others_made_on_the_tables() {
    let folder = Folder::new();
    by_hand(&folder).execute_batch(FORM_1).unwrap();
    by_hand(&folder)
        .execute_batch(
            "CREATE TABLE copies (position INTEGER REFERENCES stored_events ON DELETE CASCADE);
             INSERT INTO copies VALUES (1), (2);
             CREATE TABLE deleted (position INTEGER);
             CREATE INDEX by_length ON stored_events (length(state), topic);
             CREATE UNIQUE INDEX once_only ON Stored_Events (commit_id, id, version);
             CREATE TRIGGER append_only BEFORE UPDATE ON stored_events BEGIN SELECT RAISE(ABORT, 'append only'); END;
             CREATE TRIGGER keeps BEFORE DELETE ON stored_events BEGIN INSERT INTO deleted VALUES (old.log_position); END;
             CREATE TRIGGER copied AFTER INSERT ON stored_events BEGIN INSERT INTO copies VALUES (new.log_position); END;
             CREATE VIEW topics AS SELECT topic, count(*) AS events FROM stored_events GROUP BY topic;
             CREATE VIEW kept AS SELECT id, topic FROM snapshots;
             CREATE TRIGGER into_kept INSTEAD OF DELETE ON kept BEGIN DELETE FROM snapshots WHERE id = old.id; END;
             CREATE VIEW broken AS SELECT a FROM nowhere;",
        )
        .unwrap();
    let names = [
        "by_length",
        "once_only",
        "append_only",
        "keeps",
        "copied",
        "topics",
        "kept",
        "into_kept",
        "broken",
        "copies",
    ];
    let before = names.map(|name| text_of(&folder, name));
    let (database, recorder) = open(&folder);
    database.snapshots(&Tables::default()).unwrap();
    assert_eq!(names.map(|name| text_of(&folder, name)), before);
    assert_eq!(number(&folder, "SELECT count(*) FROM copies"), 2, "nothing was deleted or inserted for them");
    assert_eq!(number(&folder, "SELECT count(*) FROM deleted"), 0);
    assert_eq!(number(&folder, "SELECT sum(events) FROM topics"), 6);
    assert_eq!(number(&folder, "SELECT count(*) FROM kept"), 2);
    let refused = by_hand(&folder).execute("UPDATE stored_events SET topic = ''", []).unwrap_err();
    assert!(refused.to_string().contains("append only"), "{refused}");
    // The connection that migrated obeys triggers and foreign keys as before.
    recorder.append(commit(Uuid::from_u128(77), 1..=2)).wait().unwrap();
    assert_eq!(number(&folder, "SELECT count(*) FROM copies"), 4);
    let names = "SELECT group_concat(name) FROM pragma_foreign_key_list('copies') JOIN sqlite_schema ON name = \"table\"";
    assert_eq!(
        by_hand(&folder).query_row(names, [], |row| row.get::<_, String>(0)).unwrap(),
        "stored_events"
    );
}

#[test]
fn a_migration_of_the_events_that_fails_leaves_the_old_form_and_the_triggers_in_force() {
    for (harm, mended, said) in [
        (
            "CREATE TABLE stored_events_form_3 (a)",
            "DROP TABLE stored_events_form_3",
            "`stored_events_form_3`",
        ),
        (
            "CREATE INDEX stored_events_once ON data_keys (wrapped)",
            "DROP INDEX stored_events_once",
            "`stored_events_once`",
        ),
        (
            "CREATE VIEW Stored_Events_Once AS SELECT 1",
            "DROP VIEW stored_events_once",
            "`stored_events_once`",
        ),
        (
            "PRAGMA ignore_check_constraints = ON; UPDATE stored_events SET id = x'07' WHERE log_position = 9",
            "PRAGMA ignore_check_constraints = ON; DELETE FROM stored_events WHERE log_position = 9",
            "an id that is no UUID",
        ),
    ] {
        let folder = of_form_2(harm);
        let trigger = "CREATE TRIGGER few BEFORE INSERT ON stored_events
                       BEGIN SELECT RAISE(ABORT, 'enough') WHERE new.topic = 'Topic'; END";
        by_hand(&folder).execute_batch(trigger).unwrap();
        let before = text_of(&folder, "stored_events");
        let database = options(&folder).open().unwrap();
        let error = database.recorder(&Tables::default()).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(forms(&folder).contains(&("stored_events".to_owned(), 1)));
        assert_eq!(text_of(&folder, "stored_events"), before);
        by_hand(&folder).execute_batch(BY_FORM_2).unwrap();
        by_hand(&folder).execute_batch(mended).unwrap();
        let recorder = database.recorder(&Tables::default()).unwrap();
        let refused = recorder.append(commit(Uuid::from_u128(77), 1..=1)).wait().unwrap_err();
        assert!(refused.to_string().contains("enough"), "{refused}");
    }
}

#[test]
fn names_that_are_taken_are_reported_before_the_tables_are_made() {
    for name in ["stored_events_once", "stored_events_first", "tracking"] {
        let folder = Folder::new();
        by_hand(&folder).execute_batch(&format!("CREATE TABLE {name} (a)")).unwrap();
        let error = options(&folder).open().unwrap().recorder(&Tables::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema);
        assert!(error.to_string().contains(&format!("`{name}` that this program did not make")), "{error}");
    }
}
