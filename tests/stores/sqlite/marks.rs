//! A reader returns with the mark that it kept, to a log that has changed in between.

use std::fs;
use std::path::Path;

use es_runtime::error::Diverged;
use es_runtime::recorder::Synchronous;

use super::*;

fn normal(folder: &Folder) -> SqliteRecorder {
    let database = options(folder).synchronous(Synchronous::Normal).open().unwrap();
    database.recorder(&Tables::default()).unwrap()
}

/// Saves that many commits of two events.
fn save(recorder: &SqliteRecorder, commits: u32) {
    for _ in 0..commits {
        recorder.append(commit(Uuid::now_v7(), 1..=2)).wait().unwrap();
    }
}

fn newest(recorder: &SqliteRecorder) -> Mark {
    recorder.read_log(LogRange::all().limit(0)).wait().unwrap().through.unwrap()
}

/// Copies the file of the database to another folder, and the first bytes of its write-ahead log.
fn copy(from: &Folder, to: &Folder, log_bytes: usize) {
    fs::copy(from.file("events.db"), to.file("events.db")).unwrap();
    let log = fs::read(from.file("events.db-wal")).unwrap_or_default();
    if log_bytes > 0 {
        fs::write(to.file("events.db-wal"), &log[..log_bytes]).unwrap();
    }
}

/// Checks that the store refuses the reader's mark, at once and while the log goes on beyond it.
#[track_caller]
fn is_noticed(recorder: &SqliteRecorder, kept: Mark) {
    let mut has_passed = false;
    for round in 0.. {
        let log = recorder.log(LogRange::all()).wait().unwrap();
        let at_place = log.iter().find(|entry| entry.position() == kept.position());
        let found = at_place.map(|entry| entry.mark().commit());
        assert_ne!(found, Some(kept.commit()), "the log is the one that the reader knows");
        for range in [LogRange::all(), LogRange::all().limit(0), LogRange::all().topics(["none"])] {
            let error = recorder.read_log(range.after(kept)).wait().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
            assert_eq!(error.as_diverged(), Some(&Diverged::new(kept, found)));
        }
        if has_passed {
            return;
        }
        has_passed = log.last().is_some_and(|last| last.position() > kept.position());
        assert!(round < 100, "the log does not get to {kept}");
        save(recorder, 1);
    }
}

/// Checks that the reader gets everything behind its mark.
#[track_caller]
fn is_served(recorder: &SqliteRecorder, kept: Mark) {
    save(recorder, 3);
    let log = recorder.log(LogRange::all()).wait().unwrap();
    let at = log.iter().position(|entry| entry.mark() == kept).unwrap();
    assert_eq!(recorder.log(LogRange::all().after(kept)).wait().unwrap(), log[at + 1..]);
}

#[test]
fn a_log_that_was_restored_from_a_copy_is_noticed() {
    let (folder, backup) = (Folder::new(), Folder::new());
    let recorder = normal(&folder);
    save(&recorder, 5);
    let behind = newest(&recorder);
    drop(recorder);
    copy(&folder, &backup, 0);
    let recorder = normal(&folder);
    save(&recorder, 4);
    let ahead = newest(&recorder);
    drop(recorder);
    copy(&backup, &folder, 0);
    let recorder = normal(&folder);
    is_noticed(&recorder, ahead);
    is_served(&recorder, behind);
}

#[test]
fn under_normal_a_log_that_lost_its_end_in_a_power_cut_is_noticed() {
    let (folder, after) = (Folder::new(), Folder::new());
    let recorder = normal(&folder);
    save(&recorder, 5);
    let behind = newest(&recorder);
    drop(recorder);
    let recorder = normal(&folder);
    save(&recorder, 4);
    let ahead = newest(&recorder);
    // The disk has nothing of the write-ahead log, which the system kept in memory.
    copy(&folder, &after, 0);
    drop(recorder);
    let recorder = normal(&after);
    assert_eq!(newest(&recorder), behind, "acknowledged commits are lost");
    is_noticed(&recorder, ahead);
    is_served(&recorder, behind);
}

#[test]
fn wherever_a_power_cut_ends_the_log_readers_ahead_of_it_notice_and_others_read_on() {
    let folder = Folder::new();
    drop(normal(&folder));
    let recorder = normal(&folder);
    let kept: Vec<Mark> = (0..6)
        .map(|_| {
            save(&recorder, 1);
            newest(&recorder)
        })
        .collect();
    let log = usize::try_from(fs::metadata(folder.file("events.db-wal")).unwrap().len()).unwrap();
    let (mut noticed, mut served) = (0, 0);
    for part in 0..=12 {
        let after = Folder::new();
        copy(&folder, &after, log * part / 12);
        for mark in &kept {
            let recorder = normal(&after);
            let is_there =
                recorder.log(LogRange::all()).wait().unwrap().iter().any(|entry| entry.mark() == *mark);
            if is_there {
                is_served(&recorder, *mark);
                served += 1;
            } else {
                is_noticed(&recorder, *mark);
                noticed += 1;
            }
        }
    }
    assert!(noticed >= 6 && served >= 6, "{noticed} readers noticed, {served} read on");
}

#[test]
fn another_file_at_the_path_is_noticed() {
    for others in [1, 5, 20] {
        let folder = Folder::new();
        let recorder = normal(&folder);
        save(&recorder, 5);
        let kept = newest(&recorder);
        drop(recorder);
        remove(folder.path());
        let recorder = normal(&folder);
        is_noticed(&recorder, kept);
        save(&recorder, others);
        is_noticed(&recorder, kept);
    }
}

#[test]
fn an_empty_log_is_noticed() {
    let folder = Folder::new();
    let recorder = normal(&folder);
    save(&recorder, 1);
    let kept = newest(&recorder);
    drop(recorder);
    remove(folder.path());
    is_noticed(&normal(&folder), kept);
}

fn remove(folder: &Path) {
    for file in fs::read_dir(folder).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
}
