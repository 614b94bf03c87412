//! The mistakes in a path or a file that the store reports, and the paths that it accepts.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::*;

#[test]
fn a_folder_or_file_that_is_not_there_is_a_mistake_of_configuration() {
    let folder = Folder::new();
    let missing = SqliteOptions::file(folder.file("no/such/folder/events.db"));
    assert_eq!(kind(missing.open()), ErrorKind::Config);
    assert_eq!(kind(SqliteOptions::file(folder.path()).open()), ErrorKind::Config, "a folder is no file");
    assert_eq!(kind(options(&folder).without_creating().open()), ErrorKind::Config);
    assert_eq!(kind(options(&folder).read_only().open()), ErrorKind::Config);
    assert!(!folder.file("events.db").exists(), "nothing is made where nothing may be made");
}

#[test]
fn the_error_names_the_obstacle_in_the_path() {
    let folder = Folder::new();
    fs::write(folder.file("file"), "").unwrap();
    let missing = folder.file("no/such");
    for (options, fact) in [
        (
            SqliteOptions::file(missing.join("events.db")),
            format!("the folder {} does not exist; make it first", missing.display()),
        ),
        (SqliteOptions::file(folder.path()), "the path is a folder".to_owned()),
        (SqliteOptions::file(folder.file("file").join("events.db")), "is no folder".to_owned()),
        (options(&folder).without_creating(), "there is no such file".to_owned()),
        (options(&folder).read_only(), "there is no such file".to_owned()),
    ] {
        let error = options.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(&fact), "{error}");
    }
}

#[test]
fn a_path_that_no_file_can_have_is_a_mistake_of_configuration() {
    let error = SqliteOptions::file("bank\0.db").open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("holds a NUL"), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_not_touched() {
    let folder = Folder::new();
    let text = b"This is not a database, but a letter to my aunt. ".repeat(100);
    fs::write(folder.file("events.db"), &text).unwrap();
    for options in [options(&folder), options(&folder).without_creating(), options(&folder).read_only()] {
        assert_eq!(kind(options.open()), ErrorKind::Schema);
    }
    assert_eq!(fs::read(folder.file("events.db")).unwrap(), text);
    fs::write(folder.file("events.db"), b"").unwrap();
    assert!(
        options(&folder).open().unwrap().recorder(&Tables::default()).is_ok(),
        "an empty file is made one"
    );
}

#[test]
fn acknowledged_events_are_there_after_opening_again() {
    let folder = Folder::new();
    let id = Uuid::now_v7();
    for round in 0..5 {
        let (_, recorder) = open(&folder);
        let first = round * 10 + 1;
        recorder.append(commit(id, first..=first + 4)).wait().unwrap();
        futures_executor::block_on(recorder.append(commit(id, first + 5..=first + 9))).unwrap();
    }
    let (_, recorder) = open(&folder);
    assert_eq!(recorder.rows(id, EventRange::all()).wait().unwrap(), events(id, 1..=50));
}

#[test]
fn read_only_reads_and_refuses_to_write() {
    let folder = Folder::new();
    let id = Uuid::now_v7();
    let (database, recorder) = open(&folder);
    recorder.append(commit(id, 1..=3)).wait().unwrap();
    // Once beside a process that writes, and once alone.
    for round in 0..2 {
        let reader = options(&folder).read_only().open().unwrap().recorder(&Tables::default()).unwrap();
        for read in both(|| reader.rows(id, EventRange::all())) {
            assert_eq!(read.unwrap(), events(id, 1..=3));
        }
        for versions in [4..=4, 4..=5] {
            for written in both(|| reader.append(commit(id, versions.clone()))) {
                assert_eq!(kind(written), ErrorKind::Storage, "round {round}");
            }
        }
        assert_eq!(reader.newest().wait().unwrap().unwrap(), 3);
        database.close();
    }
}

#[test]
fn many_may_open_a_new_file_at_the_same_time() {
    for _ in 0..10 {
        let folder = Folder::new();
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let (_, recorder) = open(&folder);
                    recorder.append(commit(Uuid::now_v7(), 1..=2)).wait().unwrap();
                });
            }
        });
        let (_, recorder) = open(&folder);
        assert_eq!(recorder.newest().wait().unwrap().unwrap(), 16);
    }
}

#[test]
fn a_path_is_taken_as_it_is() {
    let folder = Folder::new();
    for name in ["file:x?mode=memory", "with space.db", "it's.db", "per%20cent.db", "\u{54c8}.db", "#.db"] {
        let path = folder.file(name);
        let database = SqliteOptions::file(&path).open().unwrap();
        database.recorder(&Tables::default()).unwrap();
        assert!(path.exists(), "{name}");
    }
    let text = std::path::Path::new("file:es-tests-uri?mode=memory");
    let _ = SqliteOptions::file(text).open().map(|database| database.close());
    let is_file = text.exists();
    let _ = fs::remove_file(text);
    assert!(is_file, "a relative path that looks like a URI is a path");
}

#[test]
fn a_timeout_may_be_as_long_as_it_likes() {
    let folder = Folder::new();
    let uri = format!("sqlite:{}?busy_timeout={}", folder.file("events.db").display(), i32::MAX);
    for options in [uri.parse().unwrap(), options(&folder).busy_timeout(Duration::MAX)] {
        let recorder = options.open().unwrap().recorder(&Tables::default()).unwrap();
        for read in both(|| recorder.newest()) {
            assert_eq!(read.unwrap(), None);
        }
    }
}
