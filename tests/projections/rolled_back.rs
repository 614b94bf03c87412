//! SQLite rolls a whole transaction back within a handler: after some failures it does that by itself.

use std::path::Path;

use es_runtime::projection::{OnFailure, RunnerState};
use es_runtime::view::Result;
use es_runtime::view::sqlite::{File, Tx};
use es_runtime::{Application, ErrorKind, Id, Wait, projection};

use crate::LONG;
use crate::account::{Account, Deposited};
use crate::balances::account;
use crate::inline::{balance, open};
use crate::trouble::{Trouble, fill_the_disk};

/// The amount whose row makes SQLite roll back. The handler keeps that error to itself.
const KEPT: i64 = 100;
/// The same; the handler hands the error on.
const HANDED_ON: i64 = 200;
/// The amount for which there is no room on the disk. The handler hands the error on as one of its own.
const TOO_LARGE: i64 = 300;
/// The same; the handler keeps the error to itself.
const TOO_LARGE_AND_KEPT: i64 = 400;
/// The amount that the handler refuses.
const REFUSED: i64 = 500;

struct Amounts;

#[projection(Account, ..)]
impl Amounts {
    const TABLES: &str = "CREATE TABLE amounts (amount INTEGER NOT NULL) STRICT;
         CREATE TABLE large (content BLOB NOT NULL) STRICT;
         CREATE TRIGGER broken BEFORE INSERT ON amounts WHEN NEW.amount IN (100, 200) BEGIN
             SELECT RAISE(ROLLBACK, 'the trigger rolls back');
         END;";

    #[event]
    fn deposited(event: &Deposited, tx: &Tx) -> Result<(), Trouble> {
        let is_mended = tx.table_exists(None, "mended")?;
        let insert = || tx.execute("INSERT INTO amounts VALUES (?1)", [event.amount]).map(drop);
        match event.amount {
            REFUSED if !is_mended => Err(Trouble::Refused),
            KEPT | REFUSED => {
                let _ = insert();
                Ok(())
            }
            TOO_LARGE if !is_mended => Ok(fill_the_disk(tx)?),
            TOO_LARGE_AND_KEPT if !is_mended => {
                let _ = fill_the_disk(tx);
                Ok(())
            }
            _ => Ok(insert()?),
        }
    }
}

fn amounts(file: &Path) -> Vec<i64> {
    let connection = File::new(file).connect().unwrap();
    let mut statement = connection.prepare("SELECT amount FROM amounts ORDER BY rowid").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(std::result::Result::unwrap).collect()
}

fn run(file: &Path, statements: &str) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(LONG).unwrap();
    connection.execute_batch(statements).unwrap();
}

fn mend(file: &Path) {
    run(file, "DROP TRIGGER IF EXISTS broken; CREATE TABLE mended (x INTEGER)");
}

/// Lets a runner come to an amount, and checks that it stops, and goes on once the view is mended.
fn stops_and_goes_on(amount: i64, kind: ErrorKind, said: &[&str]) {
    for choice in [OnFailure::Stop, OnFailure::Skip, OnFailure::Park] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("amounts.db");
        let app = Application::open("memory:").wait().unwrap();
        account(&app, "Ann", &[1, 2, amount, 3]);
        let start = || app.project(Amounts).on_failure(choice).in_file(&file).start().wait().unwrap();
        let view = start();
        let error = view.caught_up().within(LONG).wait().unwrap_err();
        assert_eq!(error.kind(), kind, "{choice:?}: {error}");
        for said in said {
            assert!(error.to_string().contains(said), "{choice:?}: {error}");
        }
        assert!(!amounts(&file).contains(&3), "a row behind the failure is there alone");
        assert!(view.failed().wait().unwrap().is_empty(), "{choice:?}");
        mend(&file);
        let view = start();
        view.caught_up().within(LONG).wait().unwrap();
        assert_eq!(amounts(&file), [1, 2, amount, 3], "{choice:?}");
    }
}

#[test]
fn an_error_that_a_handler_keeps_and_that_rolls_back_moves_no_place() {
    let said = ["before position 4: `Account.Deposited`", "rolled the transaction back after an error"];
    stops_and_goes_on(KEPT, ErrorKind::Storage, &said);
    stops_and_goes_on(TOO_LARGE_AND_KEPT, ErrorKind::Storage, &said);
}

#[test]
fn an_error_that_rolls_back_stops_a_runner_under_each_choice() {
    let said = ["before position 4: `Account.Deposited`", "the trigger rolls back"];
    stops_and_goes_on(HANDED_ON, ErrorKind::Invalid, &said);
}

#[test]
fn a_full_disk_is_no_fault_of_an_event() {
    stops_and_goes_on(TOO_LARGE, ErrorKind::Storage, &["disk is full", "make room"]);
}

#[test]
fn a_parked_event_stays_parked_if_its_handler_keeps_an_error_that_rolls_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("amounts.db");
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, REFUSED, 2]);
    let view = app.project(Amounts).on_failure(OnFailure::Park).in_file(&file).start().wait().unwrap();
    view.caught_up().within(LONG).wait().unwrap();
    run(
        &file,
        "CREATE TABLE mended (x INTEGER);
         CREATE TRIGGER other BEFORE INSERT ON amounts WHEN NEW.amount = 500 BEGIN
             SELECT RAISE(ROLLBACK, 'the trigger rolls back');
         END;",
    );
    let error = view.retry(ann.id()).wait().unwrap_err();
    assert!(error.to_string().contains("rolled the transaction back after an error"), "{error}");
    assert_eq!((view.failed().wait().unwrap().len(), amounts(&file)), (2, vec![1]));
    run(&file, "DROP TRIGGER other");
    assert_eq!(view.retry(ann.id()).wait().unwrap(), 2);
    assert_eq!(amounts(&file), [1, REFUSED, 2]);
}

#[test]
fn a_rollback_within_an_inline_view_stores_nothing_and_the_view_goes_on() {
    for (amount, kind, said) in [
        (KEPT, ErrorKind::Storage, "rolled the transaction back after an error"),
        (HANDED_ON, ErrorKind::Invalid, "the trigger rolls back"),
        (TOO_LARGE, ErrorKind::Storage, "disk is full"),
        (TOO_LARGE_AND_KEPT, ErrorKind::Storage, "rolled the transaction back after an error"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bank.db");
        let app = open(&file);
        let view = app.project(Amounts).inline().unwrap().start().wait().unwrap();
        let mut ann = account(&app, "Ann", &[1]);
        let id: Id<Account> = ann.id();
        ann.deposit(2);
        ann.deposit(amount);
        ann.deposit(3);
        let error = app.save(&mut ann).wait().unwrap_err();
        assert_eq!(error.kind(), kind, "{amount}: {error}");
        assert!(error.to_string().contains(said), "{amount}: {error}");
        assert_eq!(view.state(), RunnerState::Running, "{amount}");
        assert_eq!((balance(&app, id), amounts(&file)), (1, vec![1]), "{amount}: nothing is stored");
        mend(&file);
        app.save(&mut ann).wait().unwrap();
        assert_eq!((balance(&app, id), amounts(&file)), (6 + amount, vec![1, 2, amount, 3]), "{amount}");
    }
}
