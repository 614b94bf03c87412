//! No file holds a destroyed key.

use std::thread;
use std::time::Duration;

use super::*;
use es_runtime::recorder::{KeyRecorder, Remains};

/// Makes a key that can be found in any file.
fn key(number: u32) -> Vec<u8> {
    format!("<key number {number:08} of 66 bytes>").repeat(3).into_bytes()[..66].to_vec()
}

fn append_with_key(recorder: &SqliteRecorder, number: u32) -> Uuid {
    let id = Uuid::now_v7();
    let commit = commit(id, 1..=1).with_keys(vec![stored_key(id, key(number))]);
    recorder.append(commit).wait().unwrap();
    id
}

/// Returns the names of those of the database's files that hold the key.
fn found(folder: &Folder, key: &[u8]) -> Vec<String> {
    // Half of the key is enough: a key may be split over two pages.
    let half = &key[..key.len() / 2];
    let mut files: Vec<_> = ["events.db", "events.db-wal", "events.db-shm", "events.db-journal"].into();
    files.retain(|file| {
        let bytes = std::fs::read(folder.file(file)).unwrap_or_default();
        bytes.windows(half.len()).any(|window| window == half)
    });
    files.into_iter().map(str::to_owned).collect()
}

/// Makes the notice of forgetting for an aggregate of one event.
fn notice(id: Uuid) -> Commit {
    Commit::new(vec![StoredEvent::new(id, Version::from(2), "Account.Forgotten", b"{}".to_vec()).unwrap()])
}

fn forget(recorder: &SqliteRecorder, id: Uuid) {
    for forgotten in both(|| recorder.forget(id, notice(id))) {
        assert_eq!(forgotten.unwrap(), Remains::NONE);
    }
}

#[test]
fn no_copy_of_a_key_is_left_in_the_files() {
    let folder = Folder::new();
    let (_, recorder) = open(&folder);
    // Enough events to split pages, and to merge the log into the file a few times.
    let ids: Vec<Uuid> = (0..3_000).map(|number| append_with_key(&recorder, number)).collect();
    for number in [0, 1, 7, 1_000, 1_999, 2_998, 2_999] {
        assert_ne!(found(&folder, &key(number)), [""; 0], "it was there");
        forget(&recorder, ids[number as usize]);
        assert_eq!(found(&folder, &key(number)), [""; 0], "key {number}");
    }
    let others = recorder.select_keys(vec![ids[2], ids[7]]).wait().unwrap();
    assert_eq!(others, [stored_key(ids[2], key(2)), StoredKey::forgotten(ids[7])]);
    assert_ne!(found(&folder, &key(2)), [""; 0]);
}

#[test]
fn remains_report_a_reader_that_hinders() {
    let folder = Folder::new();
    let database = options(&folder).busy_timeout(Duration::from_millis(50)).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let id = append_with_key(&recorder, 1);
    let reader = by_hand(&folder);
    reader.execute_batch("BEGIN; SELECT count(*) FROM data_keys").unwrap();
    assert_eq!(recorder.forget(id, notice(id)).wait().unwrap(), Remains::OLD_PAGES);
    // Readers already see the aggregate as forgotten, and no writer can add to it.
    assert_eq!(recorder.select_keys(vec![id]).wait().unwrap(), [StoredKey::forgotten(id)]);
    assert_eq!(kind(recorder.append(commit(id, 2..=2)).wait()), ErrorKind::Forgotten);
    assert_ne!(found(&folder, &key(1)), [""; 0]);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(recorder.forget(id, notice(id)).wait().unwrap(), Remains::NONE);
    assert_eq!(found(&folder, &key(1)), [""; 0]);
}

#[test]
fn others_write_while_a_reader_hinders() {
    let folder = Folder::new();
    let database = options(&folder).busy_timeout(Duration::from_secs(1)).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let id = append_with_key(&recorder, 1);
    let (reader, writer) = (by_hand(&folder), by_hand(&folder));
    reader.execute_batch("BEGIN; SELECT count(*) FROM data_keys").unwrap();
    writer.busy_timeout(Duration::ZERO).unwrap();
    let forgetting = thread::spawn(move || recorder.forget(id, notice(id)).wait());
    let (mut could, mut could_not) = (0, 0);
    while !forgetting.is_finished() {
        match writer.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
            Ok(()) => could += 1,
            Err(_) => could_not += 1,
        }
        thread::sleep(Duration::from_micros(200));
    }
    assert_eq!(forgetting.join().unwrap().unwrap(), Remains::OLD_PAGES);
    assert!(could > could_not, "another program could write {could} times, and could not {could_not} times");
}

#[test]
fn another_process_stores_nothing_of_what_is_forgotten() {
    let folder = Folder::new();
    let ((_, one), (_, other)) = (open(&folder), open(&folder));
    let id = append_with_key(&one, 1);
    forget(&other, id);
    for versions in [2..=2, 2..=3] {
        let with_key = || commit(id, versions.clone()).with_keys(vec![stored_key(id, key(1))]);
        assert_eq!(both(|| one.append(commit(id, versions.clone()))).map(kind), [ErrorKind::Forgotten; 2]);
        assert_eq!(both(|| one.append(with_key())).map(kind), [ErrorKind::Forgotten; 2]);
    }
    assert_eq!(one.rows(id, EventRange::all().up_to(Version::INITIAL)).wait().unwrap(), events(id, 1..=1));
    assert_eq!(one.rows(id, EventRange::all()).wait().unwrap().len(), 2, "the event and the notice");
}

#[test]
fn a_crash_before_the_log_is_cut_off_loses_nothing() {
    let (folder, copy) = (Folder::new(), Folder::new());
    let database = options(&folder).busy_timeout(Duration::from_millis(1)).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    let id = append_with_key(&recorder, 1);
    let reader = by_hand(&folder);
    reader.execute_batch("BEGIN; SELECT count(*) FROM data_keys").unwrap();
    assert_eq!(recorder.forget(id, notice(id)).wait().unwrap(), Remains::OLD_PAGES);
    // The files as a killed process leaves them.
    for file in ["events.db", "events.db-wal"] {
        std::fs::copy(folder.file(file), copy.file(file)).unwrap();
    }
    let (_, recorder) = open(&copy);
    assert_eq!(recorder.select_keys(vec![id]).wait().unwrap(), [StoredKey::forgotten(id)]);
    assert_eq!(recorder.forget(id, notice(id)).wait().unwrap(), Remains::NONE);
    assert_eq!(found(&copy, &key(1)), [""; 0]);
}

/// Makes a file with an aggregate under a data key, and two columns that another program added and filled.
fn with_own_columns(folder: &Folder, columns: [&str; 2]) -> (SqliteRecorder, Uuid) {
    let (_, recorder) = open(folder);
    let id = append_with_key(&recorder, 1);
    let [one, other] = columns;
    by_hand(folder)
        .execute_batch(&format!(
            "ALTER TABLE stored_events ADD COLUMN one TEXT {one};
             ALTER TABLE stored_events ADD COLUMN other TEXT {other};
             UPDATE stored_events SET one = 'Ann', other = 'Ann';"
        ))
        .unwrap();
    (recorder, id)
}

fn filled(folder: &Folder, column: &str) -> i64 {
    let filled = format!("SELECT count(*) FROM stored_events WHERE {column} = 'Ann'");
    by_hand(folder).query_row(&filled, [], |row| row.get(0)).unwrap()
}

#[test]
fn forgetting_is_not_done_while_a_column_of_the_users_own_is_filled() {
    let append_only = "CREATE TRIGGER t BEFORE UPDATE ON stored_events BEGIN SELECT RAISE";
    let rollback = format!("{append_only}(ROLLBACK, 'append only'); END");
    let abort = format!("{append_only}(ABORT, 'append only'); END");
    let ignore = format!("{append_only}(IGNORE); END");
    let not_one =
        "CREATE TRIGGER t BEFORE UPDATE OF one ON stored_events BEGIN SELECT RAISE(ABORT, 'not this'); END";
    for (columns, trigger, left) in [
        (["CHECK (one <> '') NOT NULL DEFAULT 'x'", ""], "", [1, 0]),
        (["", ""], not_one, [1, 0]),
        (["", ""], &*abort, [1, 1]),
        (["", ""], &*rollback, [1, 1]),
        (["", ""], &*ignore, [1, 1]),
    ] {
        let folder = Folder::new();
        let (recorder, id) = with_own_columns(&folder, columns);
        by_hand(&folder).execute_batch(trigger).unwrap();
        for _ in 0..3 {
            for error in both(|| recorder.forget(id, notice(id))).map(Result::unwrap_err) {
                assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
                let named = ["one", "other"].map(|name| error.to_string().contains(&format!("`{name}`")));
                assert_eq!(named, left.map(|left| left > 0), "{error}");
            }
            assert_eq!(["one", "other"].map(|name| filled(&folder, name)), left, "{trigger}");
        }
        // The store has destroyed the key and cut its log off.
        assert_eq!(recorder.select_keys(vec![id]).wait().unwrap(), [StoredKey::forgotten(id)]);
        assert_eq!(found(&folder, &key(1)), [""; 0]);
        assert_eq!(recorder.rows(id, EventRange::all()).wait().unwrap().len(), 2, "one notice");
        let by_hand = by_hand(&folder);
        if trigger.is_empty() {
            by_hand
                .execute_batch(
                    "UPDATE stored_events SET one = 'x'; ALTER TABLE stored_events DROP COLUMN one",
                )
                .unwrap();
        } else {
            by_hand.execute_batch("DROP TRIGGER t").unwrap();
        }
        assert_eq!(recorder.forget(id, notice(id)).wait().unwrap(), Remains::NONE);
        assert_eq!(filled(&folder, "other"), 0);
    }
}

#[test]
fn an_append_only_trigger_does_not_hinder_the_forgetting_of_columns_that_are_empty() {
    let folder = Folder::new();
    let (recorder, id) = with_own_columns(&folder, ["", "NOT NULL DEFAULT ''"]);
    by_hand(&folder)
        .execute_batch(
            "UPDATE stored_events SET one = NULL, other = '';
             CREATE TRIGGER t BEFORE UPDATE ON stored_events BEGIN SELECT RAISE(ABORT, 'append only'); END",
        )
        .unwrap();
    forget(&recorder, id);
}
