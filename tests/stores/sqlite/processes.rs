//! Several processes on one file: the test starts itself.

use std::collections::HashSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

const PATH: &str = "ES_TESTS_DATABASE";
const NAME: &str = "ES_TESTS_PROCESS";
const COMMITS: u32 = 200;
const SHARED: Uuid = Uuid::from_u128(7);

fn start(folder: &Folder, name: u128) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::the_other_process", "--nocapture"])
        .env(PATH, folder.file("events.db"))
        .env(NAME, name.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does nothing unless another test starts it.
#[test]
fn the_other_process() {
    let (Ok(path), Ok(name)) = (env::var(PATH), env::var(NAME)) else { return };
    let recorder = SqliteOptions::file(path).open().unwrap().recorder(&Tables::default()).unwrap();
    let own = Uuid::from_u128(name.parse().unwrap());
    for number in 1..=COMMITS {
        if number % 2 == 0 {
            recorder.append(commit(own, number..=number + 1)).wait().unwrap();
        } else {
            // All processes save one aggregate: a process that comes too late tries again.
            loop {
                let last = EventRange::all().descending().limit(1);
                let last = recorder.rows(SHARED, last).wait().unwrap();
                let next = last.first().map_or(1, |last| u32::try_from(last.version.get()).unwrap() + 1);
                let Err(error) = recorder.append(commit(SHARED, next..=next)).wait() else { break };
                assert!(error.as_conflict().is_some(), "{error}");
            }
        }
        println!("acknowledged {number}");
    }
}

#[test]
fn processes_share_one_order_and_one_set_of_versions() {
    let folder = Folder::new();
    let processes = [start(&folder, 101), start(&folder, 102)];
    // With this process there are three.
    let (_, recorder) = open(&folder);
    for number in 1..=50 {
        recorder.append(commit(Uuid::from_u128(103), number..=number)).wait().unwrap();
    }
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let log = recorder.log(LogRange::all()).wait().unwrap();
    assert_eq!(log.len(), 50 + 2 * (100 + 200));
    assert!(log.windows(2).all(|pair| pair[0].position() < pair[1].position()));
    let places: HashSet<_> = log.iter().map(|entry| (entry.event.id, entry.event.version)).collect();
    assert_eq!(places.len(), log.len(), "a version was stored twice");
    let shared: Vec<_> =
        log.iter().filter(|entry| entry.event.id == SHARED).map(|entry| entry.event.clone()).collect();
    assert_eq!(shared, events(SHARED, 1..=200), "in the order of the log");
    for pair in
        log.windows(2).filter(|pair| pair[0].event.id.as_u128() > 100 && pair[0].event.version.get() % 2 == 0)
    {
        if pair[0].event.id.as_u128() != 103 {
            assert_eq!(pair[0].event.id, pair[1].event.id, "the two events of a commit stand together");
        }
    }
}

#[test]
fn acknowledged_commits_survive_the_death_of_the_process() {
    for lines in [1, 20, 60] {
        let folder = Folder::new();
        let mut process = start(&folder, 101);
        let output = BufReader::new(process.stdout.take().unwrap());
        let acknowledged = output.lines().map(Result::unwrap).filter(|line| line.contains("acknowledged"));
        assert_eq!(acknowledged.take(lines).count(), lines);
        process.kill().unwrap();
        process.wait().unwrap();
        let (_, recorder) = open(&folder);
        let own = recorder.rows(Uuid::from_u128(101), EventRange::all()).wait().unwrap();
        let shared = recorder.rows(SHARED, EventRange::all()).wait().unwrap();
        assert!(own.len() % 2 == 0, "a commit of two is there in part");
        assert!(own.len() / 2 + shared.len() >= lines, "an acknowledged commit is lost");
        recorder.append(commit(Uuid::from_u128(103), 1..=1)).wait().unwrap();
    }
}
