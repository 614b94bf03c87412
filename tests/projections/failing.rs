//! Events that a handler does not take, and code that has changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use es_runtime::projection::{OnFailure, RunnerState};
use es_runtime::view::sqlite::File;
use es_runtime::{Application, ErrorKind, Wait};

use crate::LONG;
use crate::account::Account;
use crate::balances::{Balances, InMemory, POISON, account, rows};
use crate::fated::{Fate, Fated};

#[test]
fn a_failed_event_stops_the_projection_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    // The failed event is the second of a commit of three.
    ann.deposit(10);
    ann.deposit(POISON);
    ann.deposit(20);
    app.save(&mut ann).wait().unwrap();
    account(&app, "Bob", &[2]);
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    let error = balances.drain().wait().unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(
            "the projection `Balances` stopped before position 4: `Account.Deposited` (version 4 of"
        ),
        "{text}"
    );
    assert!(text.contains("failed in the handler `deposited`: a poisoned amount"), "{text}");
    assert_eq!(rows(&file), BTreeMap::from([("Ann".to_owned(), 1)]), "the commit is left out as a whole");
    let health = balances.health().wait().unwrap();
    assert_eq!((health.state, health.is_healthy()), (RunnerState::Failed, false));
    assert!(balances.caught_up().within(LONG).wait().is_err());
}

#[test]
fn a_failed_event_is_skipped_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, POISON, 2]);
    account(&app, "Bob", &[5]);
    let start = || {
        let project = app.project(Balances).on_failure(OnFailure::Skip);
        project.in_file(&file).start().wait().unwrap()
    };
    let balances = start();
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows(&file), BTreeMap::from([("Ann".to_owned(), 3), ("Bob".to_owned(), 5)]));
    balances.stop().wait().unwrap();
    let balances = start();
    balances.caught_up().within(LONG).wait().unwrap();
    let failed = balances.failed().wait().unwrap();
    let shown: Vec<_> = failed
        .iter()
        .map(|failed| (failed.id, failed.version.get(), &*failed.error, failed.is_parked))
        .collect();
    assert_eq!(shown, [(ann.id().uuid(), 3, "a poisoned amount", false)]);
    assert_eq!(balances.health().wait().unwrap().failed, 1);
}

#[test]
fn a_failed_event_parks_the_later_ones_of_its_aggregate_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1, POISON, 2]);
    account(&app, "Bob", &[5]);
    let start = || {
        let project = app.project(Balances).on_failure(OnFailure::Park);
        project.in_file(&file).start().wait().unwrap()
    };
    let balances = start();
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows(&file), BTreeMap::from([("Ann".to_owned(), 1), ("Bob".to_owned(), 5)]));
    balances.stop().wait().unwrap();
    // The next process knows of the parked aggregate.
    let balances = start();
    ann.deposit(3);
    app.save(&mut ann).wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows(&file).get("Ann"), Some(&1));
    let failed = balances.failed().wait().unwrap();
    let shown: Vec<_> =
        failed.iter().map(|failed| (failed.version.get(), &*failed.error, failed.is_parked)).collect();
    assert_eq!(shown, [(3, "a poisoned amount", true), (4, "", true), (5, "", true)]);
}

#[test]
fn a_view_in_memory_follows_the_same_choices() {
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, POISON, 2]);
    let bob = account(&app, "Bob", &[5]);
    for (choice, of_ann) in [(OnFailure::Skip, 3), (OnFailure::Park, 1)] {
        let view = app.project(InMemory::default()).on_failure(choice).in_memory().start().wait().unwrap();
        view.caught_up().within(LONG).wait().unwrap();
        let cents = view.read(|view| [ann.id(), bob.id()].map(|id| view.cents[&id]));
        assert_eq!(cents, [of_ann, 5], "{choice:?}");
    }
    let view = app.project(InMemory::default()).in_memory().start().wait().unwrap();
    let error = view.caught_up().within(LONG).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(view.read(|view| view.cents[&ann.id()]), 1);
}

#[test]
fn a_panic_of_a_handler_is_a_failure_like_any_other() {
    use es_runtime::projection;
    use es_runtime::view::Result;
    use es_runtime::view::sqlite::Tx;

    struct Panics;

    #[projection(Account, ..)]
    impl Panics {
        const TABLES: &str = "CREATE TABLE amounts (amount INTEGER NOT NULL) STRICT";

        #[event]
        fn deposited(event: &crate::account::Deposited, tx: &Tx) -> Result {
            tx.run("INSERT INTO amounts VALUES (?1)", [event.amount])?;
            assert_ne!(event.amount, POISON, "on purpose");
            Ok(())
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("amounts.db");
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, POISON, 2]);
    let view = app.project(Panics).on_failure(OnFailure::Skip).in_file(&file).start().wait().unwrap();
    view.caught_up().within(LONG).wait().unwrap();
    let sum: i64 =
        view.connect().unwrap().query_row("SELECT sum(amount) FROM amounts", [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 3);
    assert!(view.failed().wait().unwrap()[0].error.contains("the handler panicked: "));
}

#[test]
fn an_event_that_a_newer_release_stored_stops_the_projection_before_it() {
    use es_runtime::recorder::{AggregateRecorder, Commit, StoredEvent};

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, 2]);
    let newer = StoredEvent::new(ann.id().uuid(), 4_u32.into(), "Account.Merged", b"{}".to_vec()).unwrap();
    app.recorder().append(Commit::new(vec![newer])).wait().unwrap();
    account(&app, "Bob", &[5]);
    for _ in 0..2 {
        let balances =
            app.project(Balances).on_failure(OnFailure::Skip).in_file(&file).start().wait().unwrap();
        let error = balances.caught_up().within(LONG).wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownTopic);
        assert!(error.to_string().contains("does not know the topic `Account.Merged`"), "{error}");
        assert_eq!(rows(&file), BTreeMap::from([("Ann".to_owned(), 3)]), "the events before it are taken");
        assert_eq!(balances.handled().map(|mark| mark.position().get()), Some(3));
    }
}

#[test]
fn an_error_that_may_pass_is_tried_again_with_growing_pauses_and_a_stop_ends_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1]);
    let attempts = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&attempts);
    // The first commit makes the tables.
    let open = Fated::new(File::new(&file), move |commit| {
        if commit == 1 {
            return Fate::Committed;
        }
        counted.fetch_add(1, Ordering::Relaxed);
        Fate::Refused(ErrorKind::Unavailable)
    });
    let balances = app.project(Balances).in_blocking_view(open).start().wait().unwrap();
    thread::sleep(Duration::from_millis(700));
    // After 10 ms, 20 ms, 40 ms and so on: fewer on a slow machine, never more.
    let tried = attempts.load(Ordering::Relaxed);
    assert!((2..=8).contains(&tried), "{tried} attempts");
    assert_eq!(balances.state(), RunnerState::Retrying);
    balances.stop().wait().unwrap();
    assert_eq!(balances.state(), RunnerState::Stopped);
    assert!(rows(&file).is_empty());
}
