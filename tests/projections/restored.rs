//! Views whose log is another one: it was restored or replaced since.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::projection::RunnerState;
use es_runtime::recorder::MemoryRecorder;
use es_runtime::testing::faults::{Call, Faulty, When};
use es_runtime::{Application, ErrorKind, Wait};

use crate::LONG;
use crate::account::Account;
use crate::balances::{Balances, InMemory, POISON, account, rows};

#[test]
fn a_view_of_another_log_ends_and_a_rebuild_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let earlier = Application::open("memory:").wait().unwrap();
    account(&earlier, "Ann", &[1; 10]);
    let balances = earlier.project(Balances).in_file(&file).start().wait().unwrap();
    balances.drain().wait().unwrap();

    // The other log is shorter.
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Bob", &[2]);
    let project = || app.project(Balances).in_file(&file);
    let error = project().start().wait().unwrap().drain().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    let balances = project().start().wait().unwrap();
    let receipt = app.save(&mut Account::open("Cleo".into())).wait().unwrap();
    for wait in [balances.reached(&receipt), balances.caught_up()] {
        let error = wait.within(LONG).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    }
    assert!(!balances.health().wait().unwrap().is_healthy());
    assert_eq!(rows(&file), BTreeMap::from([("Ann".to_owned(), 10)]));

    let (send, receive) = mpsc::channel();
    let rebuild = project().rebuild();
    thread::spawn(move || send.send(rebuild.wait()));
    receive.recv_timeout(LONG).expect("the rebuild ends").unwrap();
    let balances = project().start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows(&file), BTreeMap::from([("Bob".to_owned(), 2), ("Cleo".to_owned(), 0)]));
}

#[test]
fn new_rows_of_another_log_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let earlier = Application::open("memory:").wait().unwrap();
    account(&earlier, "Ann", &[1; 10]);
    // The rebuild ends at the poisoned event, and leaves its new rows.
    account(&earlier, "Eve", &[POISON]);
    earlier.project(Balances).in_file(&file).rebuild().wait().unwrap_err();

    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Bob", &[2]);
    app.project(Balances).in_file(&file).rebuild().wait().unwrap();
    assert_eq!(rows(&file), BTreeMap::from([("Bob".to_owned(), 2)]));
}

#[test]
fn a_place_of_another_log_is_never_reached() {
    let recorder = Faulty::new(MemoryRecorder::new());
    let faults = recorder.faults().clone();
    let app = Application::on(Arc::new(recorder)).open().wait().unwrap();
    let mut ann = account(&app, "Ann", &[1, 2]);
    let view = app.project(InMemory::default()).in_memory().start().wait().unwrap();
    view.caught_up().within(LONG).wait().unwrap();
    let place = view.handled().unwrap();
    view.reached_mark(place).within(LONG).wait().unwrap();
    faults.fail_before(Call::ReadLog, When::always(), ErrorKind::Diverged);
    ann.deposit(3);
    app.save(&mut ann).wait().unwrap();
    let begun = Instant::now();
    while view.state() != RunnerState::Failed {
        assert!(begun.elapsed() < LONG, "the runner does not notice");
        thread::sleep(Duration::from_millis(1));
    }
    let error = view.reached_mark(place).within(LONG).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
}
