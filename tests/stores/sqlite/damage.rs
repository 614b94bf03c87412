//! A damaged file: every call reports an error of a kind that says so, and never panics.

use std::fs;

use super::*;
use es_runtime::recorder::ProcessRecorder;

const ID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

/// Makes every call on a file, and returns the kinds of the refusals.
fn ask(folder: &Folder) -> Vec<ErrorKind> {
    let recorder = match options(folder).open().and_then(|database| database.recorder(&Tables::default())) {
        Ok(recorder) => recorder,
        Err(error) => return vec![error.kind()],
    };
    let mut kinds = Vec::new();
    for range in [EventRange::all(), EventRange::all().descending().limit(1)] {
        kinds.extend(refused(both(|| recorder.rows(ID, range))));
    }
    for range in [LogRange::all(), LogRange::all().topics(["Topic"]), LogRange::all().limit(1)] {
        let answers = both(|| recorder.log(range.clone()));
        for log in answers.iter().flatten() {
            let grows = log.windows(2).all(|pair| pair[0].position() < pair[1].position());
            assert!(grows, "a damaged log goes back without an error");
        }
        kinds.extend(refused(answers));
    }
    kinds.extend(refused(both(|| recorder.newest())));
    kinds.extend(refused(both(|| recorder.reached("up"))));
    let tracking = || step("up", Position::new(9).unwrap());
    kinds.extend(refused(both(|| recorder.append_tracked(commit(Uuid::now_v7(), 1..=2), tracking()))));
    for versions in [1..=1, 1..=3, 3..=5] {
        kinds.extend(refused(both(|| recorder.append(commit(ID, versions.clone())))));
    }
    kinds
}

fn refused<T>(answers: [Result<T, Error>; 2]) -> impl Iterator<Item = ErrorKind> {
    answers.into_iter().filter_map(|answer| answer.err().map(|error| error.kind()))
}

fn fill(folder: &Folder, many: u32) {
    let (database, recorder) = open(folder);
    let (cursor, mut from) = (Cursor::new("reader", "up").unwrap(), None);
    for version in 1..=many {
        let to = Mark::new(Position::new(version.into()).unwrap(), CommitId::new());
        let step = Step::new(cursor.clone(), from.replace(to), to).unwrap();
        recorder.append_tracked(commit(ID, version..=version), step).wait().unwrap();
    }
    drop(recorder);
    drop(database);
}

/// Damages the file as a tool does that ignores the constraints of the tables.
fn damage(folder: &Folder, statement: &str) {
    let database = by_hand(folder);
    database.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
    database.execute_batch(statement).unwrap();
}

#[test]
fn odd_values_are_corrupt() {
    let odd = [
        "UPDATE stored_events SET id = x'00' WHERE version = 2",
        "UPDATE stored_events SET version = -1 WHERE version = 2",
        "UPDATE stored_events SET topic = CAST(x'ff' AS TEXT) WHERE version = 2",
        "UPDATE stored_events SET topic = ''",
        "UPDATE stored_events SET commit_id = x'00' WHERE version = 2",
        "UPDATE tracking SET position = -7",
        "UPDATE tracking SET commit_id = x'00'",
    ];
    for statement in odd {
        let folder = Folder::new();
        fill(&folder, 3);
        damage(&folder, statement);
        let kinds = ask(&folder);
        assert!(kinds.contains(&ErrorKind::Corrupt), "{statement}: {kinds:?}");
    }
    let harmless = [
        "UPDATE stored_events SET log_position = -7 WHERE version = 2",
        "UPDATE stored_events SET slice = 7, once = 9 WHERE version = 2",
        "UPDATE stored_events SET state = zeroblob(1000000)",
    ];
    for statement in harmless {
        let folder = Folder::new();
        fill(&folder, 3);
        damage(&folder, statement);
        ask(&folder);
    }
}

#[test]
fn values_of_any_type_in_any_column_are_no_panic() {
    // Another tool made the tables again, without the constraints.
    let loose = "CREATE TABLE loose AS SELECT * FROM stored_events; DROP TABLE stored_events;
        CREATE TABLE stored_events (log_position INTEGER PRIMARY KEY AUTOINCREMENT, id, version, topic,
            commit_id, slice, once, state);
        INSERT INTO stored_events SELECT * FROM loose;
        CREATE UNIQUE INDEX stored_events_order ON stored_events (id, version);
        DROP TABLE tracking; CREATE TABLE tracking (consumer, upstream, first_slice, last_slice, position, commit_id,
            PRIMARY KEY (consumer, upstream, first_slice, last_slice));
        INSERT INTO tracking VALUES ('reader', 'up', 0, 1023, 3, zeroblob(16))";
    let values =
        ["NULL", "-1", "1.5", "9e999", "'text'", "x''", "x'00ff'", "9223372036854775807", "zeroblob(16)"];
    for column in ["id", "version", "topic", "state", "commit_id", "slice", "once", "position"] {
        for value in values {
            let folder = Folder::new();
            fill(&folder, 3);
            let (table, rows) =
                if column == "position" { ("tracking", "1") } else { ("stored_events", "version = 2") };
            let change = format!("UPDATE {table} SET {column} = {value} WHERE {rows}");
            by_hand(&folder).execute_batch(&format!("{loose}; {change}")).unwrap();
            let kinds = ask(&folder);
            let expected = [
                ErrorKind::Corrupt,
                ErrorKind::Conflict,
                ErrorKind::AlreadyExists,
                ErrorKind::Schema,
                ErrorKind::Storage,
                ErrorKind::Invalid,
            ];
            assert!(kinds.iter().all(|kind| expected.contains(kind)), "{change}: {kinds:?}");
            if matches!((column, value), ("topic" | "state", "1.5" | "-1" | "NULL")) {
                assert!(kinds.contains(&ErrorKind::Corrupt), "{change}: {kinds:?}");
            }
        }
    }
}

fn assert_clear(kinds: &[ErrorKind], what: &str) {
    let clear = [
        ErrorKind::Corrupt,
        ErrorKind::Schema,
        ErrorKind::Storage,
        ErrorKind::Config,
        ErrorKind::Conflict,
        ErrorKind::AlreadyExists,
        ErrorKind::OutcomeUnknown,
        ErrorKind::Unavailable,
    ];
    assert!(kinds.iter().all(|kind| clear.contains(kind)), "{what}: {kinds:?}");
}

#[test]
fn a_file_that_was_cut_is_no_panic() {
    let folder = Folder::new();
    fill(&folder, 300);
    let whole = fs::read(folder.file("events.db")).unwrap();
    for length in [0, 1, 15, 16, 99, 100, 511, 512, 4095, 4096, 4097, 8192, whole.len() / 2, whole.len() - 1]
    {
        let cut = Folder::new();
        fs::write(cut.file("events.db"), &whole[..length]).unwrap();
        let kinds = ask(&cut);
        assert_clear(&kinds, &format!("{length} of {} bytes", whole.len()));
        // A cut at the very end may lose a free page only.
        if (100..=whole.len() / 2).contains(&length) {
            assert!(
                kinds.iter().any(|kind| !matches!(kind, ErrorKind::Conflict | ErrorKind::AlreadyExists)),
                "{length} of {} bytes",
                whole.len()
            );
        }
    }
}

#[test]
fn a_file_with_other_bytes_here_and_there_is_no_panic() {
    let folder = Folder::new();
    fill(&folder, 200);
    let whole = fs::read(folder.file("events.db")).unwrap();
    let mut random = 12_u64;
    let mut below = |end: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % end
    };
    for round in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..=below(40) {
            let at = if round % 3 == 0 { below(200) } else { below(whole.len()) };
            bytes[at] = u8::try_from(below(256)).unwrap();
        }
        let damaged = Folder::new();
        fs::write(damaged.file("events.db"), bytes).unwrap();
        assert_clear(&ask(&damaged), &format!("round {round}"));
    }
}
