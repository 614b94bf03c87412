//! A file in a folder that this process may not write.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;

use super::child::{Other, asked, command, report, wait_for_go};
use super::*;

/// Does nothing unless another test starts it.
#[test]
fn the_process_that_may_only_read() {
    let Some((path, id)) = asked() else { return };
    let id: Uuid = id.parse().unwrap();
    let opened = SqliteOptions::file(path).read_only().open();
    let opened = opened.and_then(|database| database.recorder(&Tables::default()));
    let recorder = match opened {
        Ok(recorder) => recorder,
        Err(error) => return report(format_args!("{:?}: {error}", error.kind())),
    };
    for read in both(|| recorder.rows(id, EventRange::all())) {
        assert_eq!(read.unwrap(), events(id, 1..=3));
    }
    assert_eq!(kind(recorder.append(commit(id, 4..=4)).wait()), ErrorKind::Storage);
    report("read");
    wait_for_go();
    for read in both(|| recorder.newest()) {
        match read {
            Ok(last) => report(format_args!("Ok: {last:?}")),
            Err(error) => report(format_args!("{:?}: {error}", error.kind())),
        }
    }
}

/// Starts the process as a user to whom permissions apply.
fn start(folder: &Folder, id: Uuid) -> Other {
    let mut command =
        command("medium::the_process_that_may_only_read", &folder.file("events.db"), &id.to_string());
    if fs::metadata(folder.path()).unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    }
    Other::start(command)
}

fn filled(folder: &Folder, id: Uuid) {
    let (database, recorder) = open(folder);
    recorder.append(commit(id, 1..=3)).wait().unwrap();
    database.close();
    drop(recorder);
    drop(database);
    assert!(!folder.file("events.db-wal").exists());
}

fn may_write(folder: &Folder, may: bool) {
    let mode = if may { 0o755 } else { 0o555 };
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_in_a_folder_that_may_not_be_written_is_read() {
    let folder = Folder::new();
    let id = Uuid::now_v7();
    filled(&folder, id);
    may_write(&folder, false);
    let mut other = start(&folder, id);
    assert_eq!(other.hear(), "read");
    other.go();
    for _ in 0..2 {
        assert_eq!(other.hear(), "Ok: Some(Position(3))");
    }
    other.end();
    may_write(&folder, true);
}

#[test]
fn a_reader_on_such_a_folder_notices_that_somebody_else_writes() {
    for closes in [false, true] {
        let folder = Folder::new();
        let id = Uuid::now_v7();
        filled(&folder, id);
        may_write(&folder, false);
        let mut other = start(&folder, id);
        assert_eq!(other.hear(), "read");
        may_write(&folder, true);
        let (database, recorder) = open(&folder);
        recorder.append(commit(id, 4..=4)).wait().unwrap();
        if closes {
            database.close();
            drop((database.clone(), recorder.clone()));
        }
        other.go();
        for _ in 0..2 {
            let told = other.hear();
            assert!(told.starts_with("Storage") && told.contains("open the database again"), "{told}");
        }
        other.end();
        drop((database, recorder));
    }
}

#[test]
fn a_log_that_was_left_in_such_a_folder_is_not_passed_over() {
    let (folder, copy) = (Folder::new(), Folder::new());
    let id = Uuid::now_v7();
    let (_database, recorder) = open(&folder);
    recorder.append(commit(id, 1..=3)).wait().unwrap();
    for file in ["events.db", "events.db-wal"] {
        fs::copy(folder.file(file), copy.file(file)).unwrap();
    }
    may_write(&copy, false);
    let mut other = start(&copy, id);
    let told = other.hear();
    assert!(told.starts_with("Config") && told.contains("events.db-wal"), "{told}");
    other.end();
    may_write(&copy, true);
}
