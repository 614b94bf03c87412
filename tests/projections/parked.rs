//! Parked events: they wait in their order until somebody handles them again, or drops them.

use std::path::Path;
use std::sync::atomic::Ordering;

use es_runtime::projection::{BatchSize, Handle, OnFailure};
use es_runtime::view::sqlite::File;
use es_runtime::{Application, Wait};

use crate::LONG;
use crate::account::Account;
use crate::balances::{Balances, InMemory, POISON, account, rows};
use crate::counted::Counted;

/// Ann has a poisoned event and one behind it, and Bob has none.
fn parked(file: &Path) -> (Application, Account, Handle<File>) {
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, POISON, 2]);
    account(&app, "Bob", &[5]);
    let balances = app.project(Balances).on_failure(OnFailure::Park).in_file(file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    (app, ann, balances)
}

/// Lets the handler take the poison from now on: it takes any amount but this one.
fn mend(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.execute_batch("CREATE TABLE mended (id INTEGER)").unwrap();
}

#[test]
fn an_event_that_fails_again_stays_parked_with_those_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let (_app, ann, balances) = parked(&file);
    let error = balances.retry(ann.id()).wait().unwrap_err();
    assert!(error.to_string().contains("a poisoned amount"), "{error}");
    assert_eq!(rows(&file)["Ann"], 1, "nothing of the failed attempt stays");
    assert_eq!(balances.failed().wait().unwrap().len(), 2);
}

#[test]
fn mended_events_are_handled_in_their_order_and_later_ones_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let (app, mut ann, balances) = parked(&file);
    mend(&file);
    assert_eq!(balances.retry(ann.id()).wait().unwrap(), 2);
    assert_eq!(rows(&file)["Ann"], 1 + POISON + 2);
    assert!(balances.failed().wait().unwrap().is_empty());
    assert_eq!(balances.health().wait().unwrap().failed, 0);
    // The worker had the aggregate among the parked ones.
    ann.deposit(4);
    let receipt = app.save(&mut ann).wait().unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 1 + POISON + 2 + 4);
    assert_eq!(balances.retry(ann.id()).wait().unwrap(), 0, "a second call handles nothing again");
    assert_eq!(rows(&file)["Ann"], 1 + POISON + 2 + 4);
}

#[test]
fn dropped_events_are_never_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let (app, mut ann, balances) = parked(&file);
    assert_eq!(balances.drop_failed(ann.id()).wait().unwrap(), 2);
    ann.deposit(4);
    let receipt = app.save(&mut ann).wait().unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 1 + 4);
    assert!(balances.failed().wait().unwrap().is_empty());
}

#[test]
fn a_batch_reads_one_row_for_an_aggregate_however_many_events_wait() {
    let folder = tempfile::tempdir().unwrap();
    let open = Counted::new(&folder.path().join("balances.db"), false);
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[POISON; 100]);
    let project = app.project(Balances).on_failure(OnFailure::Park).batch(BatchSize::new().events(5));
    let balances = project.in_blocking_view(open.clone()).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let (listed, commits) = (open.listed.load(Ordering::Relaxed), open.commits.load(Ordering::Relaxed));
    for _ in 0..20 {
        ann.deposit(1);
    }
    let receipt = app.save(&mut ann).wait().unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(balances.health().wait().unwrap().failed, 120);
    let (listed, commits) =
        (open.listed.load(Ordering::Relaxed) - listed, open.commits.load(Ordering::Relaxed) - commits);
    assert!(listed <= commits, "{commits} transactions read {listed} rows of failed events");
    balances.stop().wait().unwrap();
}

#[test]
fn a_view_in_memory_keeps_parked_events_too() {
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1, POISON, 2]);
    let view =
        app.project(InMemory::default()).on_failure(OnFailure::Park).in_memory().start().wait().unwrap();
    view.caught_up().within(LONG).wait().unwrap();
    assert!(view.retry(ann.id()).wait().is_err());
    assert_eq!(view.failed().wait().unwrap().len(), 2);
    assert_eq!(view.drop_failed(ann.id()).wait().unwrap(), 2);
    ann.deposit(4);
    let receipt = app.save(&mut ann).wait().unwrap();
    view.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(view.read(|view| view.cents[&ann.id()]), 5);
}
