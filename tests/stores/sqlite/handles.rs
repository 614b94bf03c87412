//! A process that can open no more files.

use std::fs::File;
use std::process::Command;
use std::thread;

use super::child::{Other, arguments, asked, command, report};
use super::*;

/// Does nothing unless another test starts it.
#[test]
fn the_process_with_few_handles() {
    let Some((path, _)) = asked() else { return };
    let recorder = SqliteOptions::file(&path).open().unwrap().recorder(&Tables::default()).unwrap();
    let id = Uuid::now_v7();
    recorder.append(commit(id, 1..=2_000)).wait().unwrap();
    // One connection for reads is open.
    recorder.newest().wait().unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    for name in ["events.db", "new.db"] {
        // SQLite opens up to three files, of which any may be one too many.
        for free in 0..3 {
            if let Err(error) = SqliteOptions::file(path.with_file_name(name)).open() {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{free} are free: {error}");
                assert!(error.to_string().contains("too many files"), "{free} are free: {error}");
            } else {
                assert!(free > 0, "it opened {name}");
            }
            taken.pop();
        }
        while let Ok(file) = File::open("/dev/null") {
            taken.push(file);
        }
    }
    // More reads at a time than there are connections.
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..10 {
                    for read in both(|| recorder.rows(id, EventRange::all())) {
                        assert_eq!(read.unwrap().len(), 2_000);
                    }
                }
            });
        }
    });
    recorder.append(commit(id, 2_001..=2_001)).wait().unwrap();
    report("all was read");
}

#[test]
fn a_process_that_may_open_no_more_files_gets_an_error_and_reads_on() {
    let folder = Folder::new();
    let inner = command("handles::the_process_with_few_handles", &folder.file("events.db"), "");
    let mut outer = Command::new("sh");
    outer.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]).arg(inner.get_program());
    arguments(&mut outer, "handles::the_process_with_few_handles");
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut other = Other::start(outer);
    assert_eq!(other.hear(), "all was read");
    other.end();
}
