//! A file that is removed or replaced while it is open.

use std::fs;

use super::*;

const FILES: [&str; 3] = ["events.db", "events.db-wal", "events.db-shm"];

#[track_caller]
fn assert_told<T: Debug>(answer: Result<T, Error>, fact: &str) {
    let error = answer.expect_err("it was accepted");
    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
    let message = error.to_string();
    assert!(message.contains(fact) && message.contains("open the database again"), "{message}");
}

fn rename(folder: &Folder, from: &str, to: &str) {
    for file in FILES {
        let (from, to) = (file.replace("events", from), file.replace("events", to));
        if folder.file(&from).exists() {
            fs::rename(folder.file(&from), folder.file(&to)).unwrap();
        }
    }
}

#[test]
fn a_save_to_a_file_that_was_removed_is_not_acknowledged() {
    let folder = Folder::new();
    let (_database, recorder) = open(&folder);
    let id = Uuid::now_v7();
    recorder.append(commit(id, 1..=1)).wait().unwrap();
    for file in FILES {
        fs::remove_file(folder.file(file)).unwrap();
    }
    for versions in [2..=2, 3..=4] {
        for answer in both(|| recorder.append(commit(Uuid::now_v7(), versions.clone()))) {
            assert_told(answer, "is gone");
        }
    }
    // The first read opens a connection.
    for answer in both(|| recorder.rows(id, EventRange::all())) {
        assert_told(answer, "is gone");
    }
    let (_, recorder) = open(&folder);
    assert_eq!(recorder.newest().wait().unwrap(), None, "a new file");
    recorder.append(commit(id, 1..=1)).wait().unwrap();
}

#[test]
fn a_save_to_a_file_that_was_replaced_is_not_acknowledged_and_the_other_file_is_not_read() {
    let folder = Folder::new();
    let other = SqliteOptions::file(folder.file("other.db")).open().unwrap();
    let known = Uuid::now_v7();
    other.recorder(&Tables::default()).unwrap().append(commit(known, 1..=7)).wait().unwrap();
    other.close();
    let (_database, recorder) = open(&folder);
    recorder.append(commit(Uuid::now_v7(), 1..=1)).wait().unwrap();
    rename(&folder, "events", "old");
    rename(&folder, "other", "events");
    for answer in both(|| recorder.append(commit(Uuid::now_v7(), 1..=1))) {
        assert_told(answer, "is another file now");
    }
    for answer in both(|| recorder.rows(known, EventRange::all())) {
        assert_told(answer, "is another file now");
    }
    let (_, recorder) = open(&folder);
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 7, "nothing was added to the other file");
}

#[test]
fn a_file_that_comes_back_is_written_on_and_nothing_is_stored_twice() {
    let folder = Folder::new();
    let (_database, recorder) = open(&folder);
    let id = Uuid::now_v7();
    recorder.append(commit(id, 1..=1)).wait().unwrap();
    rename(&folder, "events", "away");
    let saved = commit(id, 2..=3);
    assert_told(recorder.append(saved.clone()).wait(), "is gone");
    rename(&folder, "away", "events");
    for answer in both(|| recorder.append(saved.clone())) {
        answer.unwrap();
    }
    assert_eq!(recorder.newest().wait().unwrap().unwrap(), 3);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_elsewhere_is_another_file() {
    let folder = Folder::new();
    let link = folder.file("events.db");
    std::os::unix::fs::symlink(folder.file("first.db"), &link).unwrap();
    let (_database, recorder) = open(&folder);
    recorder.append(commit(Uuid::now_v7(), 1..=1)).wait().unwrap();
    SqliteOptions::file(folder.file("second.db")).open().unwrap().recorder(&Tables::default()).unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(folder.file("second.db"), &link).unwrap();
    for answer in both(|| recorder.append(commit(Uuid::now_v7(), 1..=1))) {
        assert_told(answer, "is another file now");
    }
    for answer in both(|| recorder.newest()) {
        assert_told(answer, "is another file now");
    }
}

#[test]
fn a_write_ahead_log_that_was_removed_is_named() {
    let folder = Folder::new();
    let (_database, recorder) = open(&folder);
    recorder.append(commit(Uuid::now_v7(), 1..=3)).wait().unwrap();
    fs::remove_file(folder.file("events.db-wal")).unwrap();
    for answer in both(|| recorder.newest()) {
        let Err(error) = answer else { continue };
        let message = error.to_string();
        assert!(!message.contains("the disk failed"), "{message}");
        assert!(message.contains("write-ahead log"), "{message}");
    }
}
