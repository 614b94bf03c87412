//! Processes that commit in a loop on one file: each gets its turn.

use std::time::{Duration, Instant};

use super::child::{Other, asked, command, report, wait_for_go};
use super::*;
use es_runtime::recorder::Synchronous;

const LOOP: Duration = Duration::from_secs(3);

/// Does nothing unless another test starts it.
#[test]
fn the_process_that_commits_in_a_loop() {
    let Some((path, synchronous)) = asked() else { return };
    let synchronous = if synchronous == "full" { Synchronous::Full } else { Synchronous::Normal };
    let database = SqliteOptions::file(path).synchronous(synchronous).open().unwrap();
    let recorder = database.recorder(&Tables::default()).unwrap();
    report("ready");
    wait_for_go();
    let (mut commits, mut failures, mut longest) = (0, 0, Duration::ZERO);
    let began = Instant::now();
    while began.elapsed() < LOOP {
        let asked = Instant::now();
        match recorder.append(commit(Uuid::now_v7(), 1..=1)).wait() {
            Ok(_) => commits += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
                failures += 1;
            }
        }
        longest = longest.max(asked.elapsed());
    }
    report(format_args!("{commits} {failures} {}", longest.as_millis()));
}

#[test]
fn processes_that_commit_in_a_loop_all_get_their_share_and_none_waits_long() {
    for (processes, synchronous) in [(2, "full"), (4, "full"), (8, "normal")] {
        let folder = Folder::new();
        let file = folder.file("events.db");
        let start = || Other::start(command("turns::the_process_that_commits_in_a_loop", &file, synchronous));
        let mut others: Vec<_> = (0..processes).map(|_| start()).collect();
        for other in &mut others {
            assert_eq!(other.hear(), "ready");
        }
        others.iter_mut().for_each(Other::go);
        let reports: Vec<String> = others.iter_mut().map(Other::hear).collect();
        others.into_iter().for_each(Other::end);
        let figures: Vec<Vec<u64>> = reports
            .iter()
            .map(|report| report.split(' ').map(|figure| figure.parse().unwrap()).collect())
            .collect();
        let shown =
            format!("{processes} processes, {synchronous}: commits, timeouts, longest ms: {figures:?}");
        println!("{shown}");
        let column = |at: usize| figures.iter().map(move |figures| figures[at]);
        assert_eq!(column(1).sum::<u64>(), 0, "a process gave up: {shown}");
        assert!(column(2).max() < Some(2_500), "a process waited long: {shown}");
        assert!(column(0).max() < column(0).min().map(|least| least * 10), "a process starved: {shown}");
    }
}
