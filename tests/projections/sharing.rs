//! Two runners of one projection: whatever they do, no event is taken twice, and one takes over from the other.

use std::time::Duration;

use es_runtime::projection::{BatchSize, RunnerState};
use es_runtime::view::Result;
use es_runtime::view::sqlite::Tx;
use es_runtime::{Application, ErrorKind, Wait, projection};

use crate::LONG;
use crate::account::{Account, Deposited};
use crate::balances::{Balances, account, rows};

#[test]
fn two_runners_take_each_event_once_and_one_waits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1; 50]);
    let start = || {
        let project = app.project(Balances).batch(BatchSize::new().events(3));
        project.look_every(Duration::from_millis(20)).in_file(&file).start().wait().unwrap()
    };
    let both = [start(), start()];
    for expected in 51..=150 {
        ann.deposit(1);
        let receipt = app.save(&mut ann).wait().unwrap();
        // Each of them learns of the place, whoever has moved it.
        for runner in &both {
            runner.reached(&receipt).within(LONG).wait().unwrap();
        }
        assert_eq!(rows(&file)["Ann"], expected);
    }
    let (worked, waited): (Vec<_>, Vec<_>) =
        both.iter().partition(|runner| runner.state() == RunnerState::Running);
    assert_eq!((worked.len(), waited.len()), (1, 1));
    assert_eq!(waited[0].state(), RunnerState::Waiting);
    // The other takes over.
    worked[0].stop().wait().unwrap();
    ann.deposit(1);
    let receipt = app.save(&mut ann).wait().unwrap();
    waited[0].reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 151);
    waited[0].stop().wait().unwrap();
}

#[test]
fn a_handler_that_commits_by_hand_is_refused() {
    struct Commits;

    #[projection(Account, ..)]
    impl Commits {
        const TABLES: &str = "CREATE TABLE amounts (amount INTEGER NOT NULL) STRICT";

        #[event]
        fn deposited(event: &Deposited, tx: &Tx) -> Result {
            tx.run("INSERT INTO amounts VALUES (?1)", [event.amount])?;
            tx.execute_batch(if event.amount == 1 { "COMMIT" } else { "ROLLBACK; BEGIN" })?;
            Ok(())
        }
    }

    for amount in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let app = Application::open("memory:").wait().unwrap();
        account(&app, "Ann", &[amount]);
        let view = app.project(Commits).in_file(folder.path().join("amounts.db")).start().wait().unwrap();
        let error = view.caught_up().within(LONG).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("ended the transaction of its view by hand"), "{error}");
    }
}

#[test]
fn a_view_that_another_process_holds_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let holder = rusqlite::Connection::open(&file).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    ann.deposit(1);
    let receipt = app.save(&mut ann).wait().unwrap();
    let begun = std::time::Instant::now();
    // The busy time-out of the view passes first.
    while balances.state() != RunnerState::Retrying {
        assert!(begun.elapsed() < LONG, "it is {}", balances.state());
        std::thread::sleep(Duration::from_millis(20));
    }
    let health = balances.health().wait().unwrap();
    assert!(!health.is_healthy() && health.error.is_some(), "{health}");
    holder.execute_batch("ROLLBACK").unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 2);
}
