//! Handlers that fail, keep an error to themselves, or end the transaction by hand.

use es_runtime::projection::{BatchSize, OnFailure, RunnerState};
use es_runtime::{ErrorKind, Wait};

use super::{
    BEGUN_AGAIN, Balances, COMMITTED, LATE, LONG, NOWHERE, POISON, ROLLED_BACK, SWALLOWED, Stage, account, of,
};
use crate::server;

/// The amounts whose handlers fail, and what their errors say.
pub(crate) const FAILING: [(i64, &str); 4] = [
    (POISON, "a poisoned amount"),
    (SWALLOWED, "a handler kept the error of a statement to itself"),
    (LATE, "duplicate key value"),
    (NOWHERE, "the statement changed 0 rows, not one: UPDATE balances"),
];

pub(crate) fn a_failed_event_stops_the_projection_before_it() {
    for (amount, why) in FAILING {
        let stage = Stage::new();
        let mut ann = account(&stage.app, "Ann", &[1]);
        // The failed event is the second of a commit of three; others follow in the same batch.
        ann.deposit(10);
        ann.deposit(amount);
        ann.deposit(20);
        stage.app.save(&mut ann).wait().unwrap();
        account(&stage.app, "Bob", &[2, 3]);
        let balances = stage.app.project(Balances).in_schema(stage.schema()).start().wait().unwrap();
        let error = balances.drain().wait().unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`Account.Deposited` (version 4 of"), "{amount}: {text}");
        assert!(
            text.contains("failed in the handler `deposited`: ") && text.contains(why),
            "{amount}: {text}"
        );
        assert_eq!(stage.rows(), of([("Ann", 1)]), "the commit is left out as a whole");
        assert_eq!(balances.state(), RunnerState::Failed);
    }
}

pub(crate) fn a_failed_event_is_skipped_and_recorded() {
    let stage = Stage::new();
    let mut ann = account(&stage.app, "Ann", &[1]);
    for amount in (0..400).map(|number| if number % 100 == 50 { FAILING[number / 100].0 } else { 1 }) {
        ann.deposit(amount);
    }
    stage.app.save(&mut ann).wait().unwrap();
    account(&stage.app, "Bob", &[5]);
    let start = || {
        let project = stage.app.project(Balances).on_failure(OnFailure::Skip);
        project.in_schema(stage.schema()).start().wait().unwrap()
    };
    let balances = start();
    balances.drain().wait().unwrap();
    assert_eq!(stage.rows(), of([("Ann", 397), ("Bob", 5)]));
    let balances = start();
    balances.caught_up().within(LONG).wait().unwrap();
    let failed = balances.failed().wait().unwrap();
    let versions: Vec<_> = failed.iter().map(|failed| failed.version.get()).collect();
    assert_eq!(versions, [53, 153, 253, 353]);
    for (failed, (_, why)) in failed.iter().zip(FAILING) {
        assert!(failed.error.contains(why) && !failed.is_parked, "{failed}");
    }
}

pub(crate) fn a_failed_event_parks_the_later_ones_of_its_aggregate_alone() {
    for (amount, _) in FAILING {
        let stage = Stage::new();
        let mut ann = account(&stage.app, "Ann", &[1, amount, 2]);
        account(&stage.app, "Bob", &[5]);
        let start = || {
            let project = stage.app.project(Balances).on_failure(OnFailure::Park);
            project.in_schema(stage.schema()).start().wait().unwrap()
        };
        let balances = start();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(stage.rows(), of([("Ann", 1), ("Bob", 5)]));
        balances.stop().wait().unwrap();
        let balances = start();
        ann.deposit(3);
        stage.app.save(&mut ann).wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(stage.rows().get("Ann"), Some(&1));
        let failed = balances.failed().wait().unwrap();
        assert_eq!(failed.iter().map(|failed| failed.version.get()).collect::<Vec<_>>(), [3, 4, 5]);
    }
}

pub(crate) fn a_late_error_before_events_that_wait_parks_its_own_event() {
    // The view reads a key after the error; it writes so many that it awaits its own statements.
    for (before, after) in [(0, 1), (1, 200)] {
        let stage = Stage::new();
        let mut ann = account(&stage.app, "Ann", &[1, POISON]);
        let start = || {
            let project = stage.app.project(Balances).on_failure(OnFailure::Park);
            project.in_schema(stage.schema()).start().wait().unwrap()
        };
        start().drain().wait().unwrap();
        let mut save = |deposits| {
            (0..deposits).for_each(|_| ann.deposit(3));
            stage.app.save(&mut ann).wait().unwrap();
        };
        save(before);
        account(&stage.app, "Bob", &[2, LATE]);
        save(after);
        let balances = start();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(stage.rows(), of([("Ann", 1), ("Bob", 2)]));
        let failed = balances.failed().wait().unwrap();
        let own = failed.iter().filter(|failed| failed.error.contains("duplicate key value"));
        assert_eq!(own.map(|failed| failed.version.get()).collect::<Vec<_>>(), [3], "of Bob");
        assert_eq!(failed.len(), 1 + before + 1 + after);
    }
}

pub(crate) fn parked_aggregates_are_known_on_a_new_connection() {
    let stage = Stage::in_memory();
    let mut ann = account(&stage.app, "Ann", &[1, POISON]);
    let project = stage.app.project(Balances).on_failure(OnFailure::Park);
    let balances = project.in_schema(stage.schema()).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let kill = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{}'",
        stage.name
    );
    assert_eq!(server::by_hand(&kill), ["1"]);
    ann.deposit(3);
    stage.app.save(&mut ann).wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(stage.rows(), of([("Ann", 1)]), "the later event waits for the failed one");
    assert_eq!(balances.failed().wait().unwrap().len(), 2);
}

pub(crate) fn parked_events_are_handled_again_or_dropped() {
    for (amount, why, mend) in [
        (
            LATE,
            "duplicate key value",
            "CREATE RULE once AS ON INSERT TO balances WHERE new.owner = 'twice' DO INSTEAD NOTHING",
        ),
        (NOWHERE, "changed 0 rows", "INSERT INTO balances VALUES (gen_random_uuid(), 'nobody', 7)"),
    ] {
        let stage = Stage::new();
        let mut ann = account(&stage.app, "Ann", &[1, amount, 2]);
        let project = stage.app.project(Balances).on_failure(OnFailure::Park);
        let balances = project.in_schema(stage.schema()).start().wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        let error = balances.retry(ann.id()).wait().unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(balances.failed().wait().unwrap().len(), 2);
        assert_eq!(stage.rows()["Ann"], 1, "nothing of the failed attempt stays");
        // From now on the server takes the statement.
        server::by_hand(&format!("SET search_path TO {}; {mend}", stage.view));
        assert_eq!(balances.retry(ann.id()).wait().unwrap(), 2);
        assert_eq!(stage.rows()["Ann"], 1 + amount + 2);
        assert!(balances.failed().wait().unwrap().is_empty());
        assert_eq!(balances.retry(ann.id()).wait().unwrap(), 0, "a second call handles nothing again");
        // The next events are parked anew, and given up.
        ann.deposit(POISON);
        ann.deposit(3);
        stage.app.save(&mut ann).wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(balances.failed().wait().unwrap().len(), 2);
        assert_eq!(balances.drop_failed(ann.id()).wait().unwrap(), 2);
        ann.deposit(4);
        let receipt = stage.app.save(&mut ann).wait().unwrap();
        balances.reached(&receipt).within(LONG).wait().unwrap();
        assert_eq!(stage.rows()["Ann"], 1 + amount + 2 + 4);
        assert!(balances.failed().wait().unwrap().is_empty());
    }
}

pub(crate) fn a_handler_that_ends_the_transaction_by_hand_is_refused() {
    for choice in [OnFailure::Stop, OnFailure::Skip] {
        for amount in [COMMITTED, ROLLED_BACK, BEGUN_AGAIN] {
            let stage = Stage::new();
            account(&stage.app, "Ann", &[1]);
            let start = || {
                let project =
                    stage.app.project(Balances).on_failure(choice).batch(BatchSize::new().events(100));
                project.in_schema(stage.schema()).start().wait().unwrap()
            };
            start().drain().wait().unwrap();
            let place = || {
                server::by_hand(&format!("SELECT value FROM {}.es_view WHERE key LIKE 'place/%'", stage.view))
            };
            let before = place();
            account(&stage.app, "Bob", &[amount, 2]);
            let error = start().drain().wait().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{amount}: {error}");
            assert!(
                error.to_string().contains("ended the transaction of its view by hand"),
                "{amount}: {error}"
            );
            assert_eq!(place(), before, "{amount}");
        }
    }
}
