//! Inline views that refuse an event, end a transaction, or cannot be inline.

use es_runtime::projection::{OnFailure, RunnerState};
use es_runtime::view::Result;
use es_runtime::view::sqlite::Tx;
use es_runtime::{Application, Error, ErrorKind, Id, Wait, projection};

use crate::LONG;
use crate::account::{Account, Deposited, Opened};
use crate::balances::{Balances, POISON, account, rows};
use crate::inline::{balance, inline, open};

/// A view whose rows have to be unique, and whose references are checked at the commit.
struct Owners;

#[projection(Account, ..)]
impl Owners {
    const TABLES: &str = "CREATE TABLE kinds (kind INTEGER PRIMARY KEY) STRICT; INSERT INTO kinds VALUES (1);
         CREATE TABLE owners (
             id BLOB PRIMARY KEY, owner TEXT NOT NULL UNIQUE,
             kind INTEGER NOT NULL REFERENCES kinds (kind) DEFERRABLE INITIALLY DEFERRED
         ) STRICT";

    #[event]
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.execute_batch("PRAGMA foreign_keys")?;
        let kind = if event.owner.starts_with('x') { 2 } else { 1 };
        tx.run("INSERT INTO owners VALUES (?1, ?2, ?3)", (id, &event.owner, kind))
    }

    #[event]
    fn deposited(event: &Deposited, tx: &Tx) -> Result {
        match event.amount {
            1 => tx.execute_batch("COMMIT; BEGIN")?,
            3 => return Ok(tx.execute_batch("ROLLBACK; BEGIN IMMEDIATE")?),
            2 => tx.execute_batch("COMMIT").map_err(|_| "no commit")?,
            _ => return Ok(()),
        }
        Err("and then it fails".into())
    }
}

#[test]
fn two_inline_views_keep_names_unique_and_a_refusal_leaves_no_transaction_open() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let (app, other) = (open(&file), open(&file));
    let (balances, owners) = (inline(&app), app.project(Owners).inline().unwrap().start().wait().unwrap());
    account(&app, "Ann", &[8]);
    let error = app.save(&mut Account::open("Ann".into())).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("UNIQUE constraint failed: owners.owner"), "{error}");
    assert_eq!(rows(&file).len(), 1, "the other view is undone, too");

    // The reference is checked by the commit, which fails.
    app.save(&mut Account::open("xenia".into())).wait().unwrap_err();
    account(&app, "Bob", &[8]);
    // An event of a process without the views fails the commit that brings the views up to date, and each one after it.
    other.save(&mut Account::open("xaver".into())).wait().unwrap();
    for _ in 0..2 {
        app.save(&mut Account::open("Cleo".into())).wait().unwrap_err();
        assert!(owners.caught_up().within(LONG).wait().is_err());
        let health = balances.health().wait().unwrap();
        assert!(!health.is_healthy() && health.error.is_some(), "{health}");
        // Nobody holds the file.
        other.save(&mut Account::open(Id::<Account>::new().to_string())).wait().unwrap();
    }
    owners.stop().wait().unwrap();
    account(&app, "Dora", &[]);
    assert!(rows(&file).contains_key("Dora") && rows(&file).contains_key("xaver"));
}

#[test]
fn a_handler_that_ends_the_transaction_and_then_fails_is_reported() {
    for amount in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let app = open(&folder.path().join("bank.db"));
        let owners = app.project(Owners).inline().unwrap().start().wait().unwrap();
        let mut ann = account(&app, "Ann", &[]);
        ann.deposit(amount);
        assert_eq!(app.save(&mut ann).wait().unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(owners.state(), RunnerState::Failed);
        app.save(&mut ann).wait().unwrap();
        assert_eq!(balance(&app, ann.id()), amount);
    }
}

#[test]
fn many_events_of_others_and_a_closed_application_are_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let (app, other) = (open(&file), open(&file));
    let balances = inline(&app);
    let mut ann = account(&other, "Ann", &[]);
    (0..2_500).for_each(|_| ann.deposit(1));
    other.save(&mut ann).wait().unwrap();
    account(&app, "Bob", &[]);
    assert_eq!(rows(&file)["Ann"], 2_500);
    app.close();
    balances.stop().wait().unwrap();
    assert_eq!(balances.state(), RunnerState::Stopped);
}

#[test]
fn a_view_with_parked_events_cannot_become_inline() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    let ann = account(&app, "Ann", &[POISON, 1]);
    let runner = app.project(Balances).on_failure(OnFailure::Park).in_file(&file).start().wait().unwrap();
    runner.drain().wait().unwrap();
    let error = app.project(Balances).inline().unwrap().start().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("keeps 2 parked events"), "{error}");
    runner.drop_failed(ann.id()).wait().unwrap();
    let _balances = inline(&app);
    account(&app, "Bob", &[1]);
    assert_eq!((rows(&file)["Ann"], rows(&file)["Bob"]), (0, 1));
}

#[test]
fn a_rebuild_cannot_park_events_of_an_inline_view() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    let _balances = inline(&app);
    account(&app, "Ann", &[1]);
    let rebuild = |choice| app.project(Balances).inline().unwrap().rebuild().on_failure(choice).wait();
    let error = rebuild(OnFailure::Park).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`OnFailure::Stop` or `OnFailure::Skip`"), "{error}");
    rebuild(OnFailure::Skip).unwrap();
    assert_eq!(rows(&file)["Ann"], 1);
}

#[test]
fn what_cannot_be_inline_is_refused_with_a_remedy() {
    let refused = |app: &Application| app.project(Balances).inline().map(drop).unwrap_err();
    for (uri, fact) in
        [("memory:", "the events are not in SQLite"), ("sqlite::memory:", "the events are in memory")]
    {
        let error = refused(&Application::open(uri).wait().unwrap());
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(fact), "{error}");
        assert!(error.to_string().contains("or keep the view with `in_file`"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder.path().join("bank.db"));
    let parks = app.project(Balances).on_failure(OnFailure::Park).inline().unwrap();
    let works = app.project(Balances).workers(2).inline().unwrap();
    for (project, fact) in [(parks, "a choice after a failure"), (works, "several workers")] {
        let error = project.start().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(fact), "{error}");
    }
}

#[test]
fn a_handler_that_ends_the_transaction_or_panics_is_reported() {
    struct Odd;

    #[projection(Account, ..)]
    impl Odd {
        const TABLES: &str = "CREATE TABLE amounts (amount INTEGER NOT NULL) STRICT";

        #[event]
        fn deposited(event: &Deposited, tx: &Tx) -> Result {
            match event.amount {
                1 => tx.execute_batch("COMMIT")?,
                2 => panic!("an odd amount"),
                _ => tx.run("INSERT INTO amounts VALUES (?1)", [event.amount])?,
            }
            Ok(())
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder.path().join("bank.db"));
    let odd = app.project(Odd).inline().unwrap().start().wait().unwrap();
    let mut ann = account(&app, "Ann", &[3]);
    ann.deposit(2);
    let error = app.save(&mut ann).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("the handler panicked: an odd amount"), "{error}");
    let mut bob = account(&app, "Bob", &[3]);
    bob.deposit(1);
    // The handler has committed the event. The store goes on without the view.
    assert_eq!(app.save(&mut bob).wait().unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    app.save(&mut bob).wait().unwrap();
    assert_eq!(balance(&app, bob.id()), 4);
    let error = odd.health().wait().unwrap().check().unwrap_err();
    assert!(error.to_string().contains("ended the transaction by hand"), "{error}");
    account(&app, "Cleo", &[1, 2]);
}

/// A view that asks another application, which does not answer.
struct Asking;

#[projection(Account, ..)]
impl Asking {
    const TABLES: &str = "";

    #[event]
    fn deposited(_: &Deposited, _: &Tx) -> Result {
        Err(Error::new(ErrorKind::OutcomeUnknown, "the other application is gone").into())
    }
}

#[test]
fn an_unknown_outcome_elsewhere_is_not_that_of_the_save() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder.path().join("bank.db"));
    let asking = app.project(Asking).inline().unwrap().start().wait().unwrap();
    let mut ann = account(&app, "Ann", &[]);
    ann.deposit(1);
    let error = app.save(&mut ann).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!((balance(&app, ann.id()), asking.state()), (0, RunnerState::Running));
}
