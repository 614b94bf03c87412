//! Starts, stops and restarts: a view takes what is stored, then what comes, each event once.

use std::collections::BTreeMap;
use std::future::Future as _;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use es_runtime::id::{CommitId, Mark, Position};
use es_runtime::projection::{BatchSize, OnFailure, RunnerState};
use es_runtime::view::Result;
use es_runtime::view::sqlite::{File, Tx};
use es_runtime::{Application, ErrorKind, Version, Wait, projection};

use crate::LONG;
use crate::account::{Account, AccountEvent, Deposited};
use crate::balances::{Balances, InMemory, POISON, account, rows};
use crate::fated::{Fate, Fated};

fn of<const N: usize>(rows: [(&str, i64); N]) -> BTreeMap<String, i64> {
    rows.into_iter().map(|(owner, cents)| (owner.to_owned(), cents)).collect()
}

#[test]
fn a_view_takes_what_is_stored_and_then_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    for uri in ["memory:".to_owned(), format!("sqlite:{}", folder.path().join("events.db").display())] {
        let _ = std::fs::remove_file(&file);
        let app = Application::open(&uri).wait().unwrap();
        let mut ann = account(&app, "Ann", &[1, 2]);
        let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(rows(&file), of([("Ann", 3)]));

        account(&app, "Bob", &[5]);
        ann.withdraw(3).unwrap();
        ann.set_owner("Anna".into());
        let receipt = app.save(&mut ann).wait().unwrap();
        balances.reached(&receipt).within(LONG).wait().unwrap();
        assert_eq!(rows(&file), of([("Anna", 0), ("Bob", 5)]));

        app.save(&mut ann.discard()).wait().unwrap();
        balances.caught_up().within(LONG).wait().unwrap();
        assert_eq!(rows(&file), of([("Bob", 5)]));
        balances.stop().wait().unwrap();
        assert_eq!(balances.state(), RunnerState::Stopped);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
    }
}

#[test]
fn a_restarted_projection_goes_on_and_takes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[]);
    for restart in 1..=20 {
        let size = BatchSize::new().events([1, 2, 3, 1_000][restart % 4]);
        let balances = app.project(Balances).batch(size).in_file(&file).start().wait().unwrap();
        for _ in 0..7 {
            ann.deposit(1);
            app.save(&mut ann).wait().unwrap();
        }
        if restart % 2 == 0 {
            balances.drain().wait().unwrap();
            assert_eq!(rows(&file), of([("Ann", 7 * i64::try_from(restart).unwrap())]));
        } else {
            balances.stop().wait().unwrap();
        }
    }
}

#[test]
fn a_batch_ends_at_the_end_of_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[]);
    for _ in 0..20 {
        for _ in 0..5 {
            ann.deposit(1);
        }
        app.save(&mut ann).wait().unwrap();
    }
    let size = BatchSize::new().events(3).time(Duration::ZERO);
    let balances = app.project(Balances).batch(size).in_file(&file).start().wait().unwrap();
    let watched = thread::spawn({
        let (balances, file) = (balances.clone(), file.clone());
        move || {
            let mut seen = Vec::new();
            while balances.state() == RunnerState::Running {
                seen.extend(rows(&file).values().copied());
            }
            seen
        }
    });
    balances.drain().wait().unwrap();
    assert_eq!(rows(&file), of([("Ann", 100)]));
    let seen = watched.join().unwrap();
    assert!(seen.iter().all(|cents| cents % 5 == 0), "{seen:?}");
}

#[test]
fn bytes_and_time_bound_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1; 20]);
    let sizes = [
        (BatchSize::new().bytes(1).time(LONG), 21),
        (BatchSize::new().time(Duration::ZERO), 21),
        (BatchSize::new().time(LONG), 1),
    ];
    for (number, (size, batches)) in sizes.into_iter().enumerate() {
        let file = folder.path().join(format!("{number}.db"));
        let balances = app.project(Balances).batch(size).in_file(&file).start().wait().unwrap();
        balances.drain().wait().unwrap();
        let health = balances.health().wait().unwrap();
        assert_eq!((health.events, health.batches), (21, batches), "{size:?}");
        assert_eq!(rows(&file), of([("Ann", 20)]), "{size:?}");
    }
}

#[test]
fn a_place_moves_over_events_that_no_handler_handles() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    for _ in 0..50 {
        ann.freeze();
    }
    let receipt = app.save(&mut ann).wait().unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    balances.stop().wait().unwrap();
    // The next start finds the place, and does not read the events again.
    let runner = app.project(Balances).in_file(&file).open().wait().unwrap();
    let handle = runner.handle();
    let running = thread::spawn(move || runner.run().wait());
    handle.drain().wait().unwrap();
    running.join().unwrap().unwrap();
    let health = handle.health().wait().unwrap();
    assert_eq!((health.behind, health.events, health.batches), (0, 0, 0), "{health}");
}

#[test]
fn workers_share_the_aggregates_and_each_is_taken_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut wanted = BTreeMap::new();
    for number in 0..40 {
        account(&app, &number.to_string(), &[number, 1]);
        wanted.insert(number.to_string(), number + 1);
    }
    for workers in [4, 4, 1, 3] {
        let balances = app.project(Balances).workers(workers).in_file(&file).start().wait().unwrap();
        balances.drain().wait().unwrap();
        assert_eq!(rows(&file), wanted, "{workers} workers");
    }
}

#[test]
fn another_number_of_workers_is_refused_while_they_stand_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    for number in 0..10 {
        account(&app, &number.to_string(), &[number]);
    }
    let balances = app.project(Balances).workers(2).in_file(&file).start().wait().unwrap();
    balances.drain().wait().unwrap();
    // One of the two falls behind.
    let connection = rusqlite::Connection::open(&file).unwrap();
    let moved = connection
        .execute("UPDATE es_view SET value = 'beginning' WHERE key LIKE 'place/%/0-511'", [])
        .unwrap();
    assert_eq!(moved, 1);
    let error = app.project(Balances).workers(4).in_file(&file).start().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("ran with 2 workers, which stand at different places"), "{error}");
}

#[test]
fn a_view_in_memory_begins_with_the_first_event_at_each_start() {
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, 2]);
    for _ in 0..2 {
        let view = app.project(InMemory::default()).in_memory().start().wait().unwrap();
        view.caught_up().within(LONG).wait().unwrap();
        assert_eq!(view.read(|view| view.cents.get(&ann.id()).copied()), Some(3));
        view.stop().wait().unwrap();
    }
}

#[test]
fn a_future_runs_a_projection_on_any_executor() {
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, 2]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    runtime.block_on(async {
        let runner = app.project(Balances).in_file(&file).open().await.unwrap();
        let balances = runner.handle();
        let running = tokio::spawn(runner.run());
        balances.caught_up().within(LONG).await.unwrap();
        balances.stop().await.unwrap();
        running.await.unwrap().unwrap();
    });
    assert_eq!(rows(&file), of([("Ann", 3)]));
    smol::block_on(async {
        let runner = app.project(InMemory::default()).in_memory().open().await.unwrap();
        let view = runner.handle();
        let running = smol::spawn(runner.run());
        view.drain().await.unwrap();
        running.await.unwrap();
        assert_eq!(view.read(|view| view.cents.values().sum::<i64>()), 3);
    });
}

#[test]
fn a_drain_waits_for_a_runner_that_nobody_has_polled_yet() {
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, 2]);
    let runner = app.project(InMemory::default()).in_memory().open().wait().unwrap();
    let view = runner.handle();
    let drain = thread::spawn({
        let view = view.clone();
        move || view.drain().wait()
    });
    thread::sleep(Duration::from_millis(50));
    assert!(!drain.is_finished(), "nothing is handled yet");
    runner.run().wait().unwrap();
    drain.join().unwrap().unwrap();
    assert_eq!(view.read(|view| view.cents[&ann.id()]), 3);
}

#[test]
fn a_wait_says_why_it_was_in_vain() {
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = Account::open("Ann".into());
    let receipt = app.save(&mut ann).wait().unwrap();
    let runner = app.project(InMemory::default()).in_memory().open().wait().unwrap();
    let view = runner.handle();
    let short = Duration::from_millis(20);

    let error = view.reached(&receipt).within(short).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = error.to_string();
    assert!(text.contains("`Balances in memory` is never started"), "{text}");
    assert!(text.contains("up to the beginning, 1 position behind its head"), "{text}");

    let running = thread::spawn(move || runner.run().wait());
    view.reached(&receipt).within(LONG).wait().unwrap();
    view.stop().wait().unwrap();
    running.join().unwrap().unwrap();
    let receipt = app.save(&mut Account::open("Bob".into())).wait().unwrap();
    let error = view.reached(&receipt).within(short).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.to_string().contains("was stopped before it reached position 2"), "{error}");
}

#[test]
fn a_stop_wakes_who_waits_for_a_place() {
    let app = Application::open("memory:").wait().unwrap();
    let view = app.project(InMemory::default()).in_memory().start().wait().unwrap();
    let receipt = app.save(&mut Account::open("Ann".into())).wait().unwrap();
    let mark: Mark = receipt.mark().unwrap().to_string().parse().unwrap();
    view.reached_mark(mark).within(LONG).wait().unwrap();

    let (send, received) = mpsc::channel();
    let waits = thread::spawn({
        let view = view.clone();
        move || send.send(view.reached_mark(Mark::new(Position::MAX, CommitId::new())).wait())
    });
    thread::sleep(Duration::from_millis(50));
    assert!(!waits.is_finished(), "nothing is there yet");
    view.stop().wait().unwrap();
    let error = received.recv_timeout(LONG).expect("a stop ends the wait").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.to_string().contains("was stopped before it reached"), "{error}");
}

#[test]
fn a_wait_is_woken_when_the_view_has_the_event() {
    let app = Application::open("memory:").wait().unwrap();
    let view = app.project(InMemory::default()).in_memory().start().wait().unwrap();
    let mut ann = account(&app, "Ann", &[]);
    for expected in 1..=200 {
        ann.deposit(1);
        let receipt = app.save(&mut ann).wait().unwrap();
        view.reached(&receipt).within(LONG).wait().unwrap();
        assert_eq!(view.read(|view| view.cents.get(&ann.id()).copied()), Some(expected));
    }
}

#[test]
fn a_drain_ends_beside_writers_that_go_on() {
    let app = Application::open("memory:").wait().unwrap();
    let view = app.project(InMemory::default()).in_memory().start().wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    let (end, ends) = mpsc::channel::<()>();
    let writer = app.clone();
    let writing = thread::spawn(move || {
        while ends.try_recv() == Err(mpsc::TryRecvError::Empty) {
            ann.deposit(1);
            writer.save(&mut ann).wait().unwrap();
        }
    });
    let head = app.log::<AccountEvent>().next_page().wait().unwrap().unwrap().through;
    let (report, drained) = mpsc::channel();
    let drains = view.clone();
    thread::spawn(move || report.send(drains.drain().wait()));
    drained.recv_timeout(LONG).expect("the drain ends").unwrap();
    drop(end);
    writing.join().unwrap();
    assert!(view.handled().map(Mark::position) >= head.map(Mark::position));
    assert_eq!(view.state(), RunnerState::Stopped);
}

#[test]
fn the_application_lists_its_projections_with_their_states() {
    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    let runner = app.project(InMemory::default()).in_memory().open().wait().unwrap();
    let balances = app.project(Balances).in_file(folder.path().join("balances.db")).start().wait().unwrap();
    account(&app, "Ann", &[1]);
    balances.caught_up().within(LONG).wait().unwrap();
    let listed = app.projections().wait().unwrap();
    let shown: Vec<_> =
        listed.iter().map(|health| (health.name, health.state, health.behind, health.is_healthy())).collect();
    assert_eq!(
        shown,
        [
            ("Balances", RunnerState::Running, 0, true),
            ("Balances in memory", RunnerState::NotStarted, 2, false)
        ]
    );
    drop(runner);
}

#[test]
fn a_parked_event_is_listed_and_keeps_no_view_behind() {
    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, POISON]);
    let last = app.save(&mut Account::open("Bob".into())).wait().unwrap().mark();
    let file = folder.path().join("balances.db");
    let balances = app.project(Balances).on_failure(OnFailure::Park).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let listed = app.projections().wait().unwrap();
    let [health] = &*listed else { panic!("one projection is listed: {listed:?}") };
    assert_eq!((health.failed, health.is_healthy()), (1, true), "{health}");
    assert!(last.is_some());
    assert_eq!((health.handled, health.read, health.newest), (last, last, last));
}

#[test]
fn a_closed_application_ends_its_projections() {
    let app = Application::open("memory:").wait().unwrap();
    let view = app.project(InMemory::default()).in_memory().start().wait().unwrap();
    account(&app, "Ann", &[1]);
    view.caught_up().within(LONG).wait().unwrap();
    app.close();
    account_of_another();
    let begun = std::time::Instant::now();
    while view.state() != RunnerState::Stopped {
        assert!(begun.elapsed() < LONG, "it is {}", view.state());
        thread::sleep(Duration::from_millis(5));
    }
}

fn account_of_another() {
    account(&Application::open("memory:").wait().unwrap(), "Eve", &[1]);
}

#[test]
fn a_driver_that_panics_ends_the_projection_and_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[]);
    let fate = |commit| {
        // The first commit makes the tables.
        assert!(commit == 1, "a driver that panics, on purpose");
        Fate::Committed
    };
    let view = Fated::new(File::new(folder.path().join("balances.db")), fate);
    let balances = app.project(Balances).in_blocking_view(view).start().wait().unwrap();
    ann.deposit(1);
    let receipt = app.save(&mut ann).wait().unwrap();
    let error = balances.reached(&receipt).within(LONG).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("a worker of the projection `Balances` panicked"), "{error}");
    assert_eq!(balances.state(), RunnerState::Failed);
    assert!(balances.stop().wait().is_err() && balances.drain().wait().is_err());
}

#[cfg(unix)]
#[test]
fn a_view_whose_file_is_gone_ends_the_projection() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    std::fs::rename(&file, folder.path().join("elsewhere.db")).unwrap();
    ann.deposit(2);
    let receipt = app.save(&mut ann).wait().unwrap();
    let error = balances.reached(&receipt).within(LONG).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("balances.db is gone"), "{error}");
    // The next start makes the rows again.
    app.project(Balances).in_file(&file).start().wait().unwrap().drain().wait().unwrap();
    assert_eq!(rows(&file), of([("Ann", 3)]));
}

#[test]
fn nobody_waits_for_a_runner_that_was_dropped_before_it_began() {
    let app = Application::open("memory:").wait().unwrap();
    let runner = app.project(InMemory::default()).in_memory().open().wait().unwrap();
    let balances = runner.handle();
    let mut ann = account(&app, "Ann", &[]);
    ann.deposit(1);
    let receipt = app.save(&mut ann).wait().unwrap();
    drop(runner);
    let waits = [
        balances.reached(&receipt).within(LONG).wait(),
        balances.caught_up().within(LONG).wait(),
        balances.drain().wait(),
    ];
    for waited in waits {
        assert_eq!(waited.unwrap_err().kind(), ErrorKind::Closed);
    }
    balances.stop().wait().unwrap();
}

#[test]
fn a_dropped_runner_counts_as_stopped() {
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1]);
    let runner = app.project(InMemory::default()).in_memory().open().wait().unwrap();
    let balances = runner.handle();
    let mut runs = Box::pin(runner.run());
    let mut context = Context::from_waker(Waker::noop());
    while balances.handled().is_none() {
        assert!(runs.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(balances.state(), RunnerState::Running);
    drop(runs);
    assert_eq!(balances.state(), RunnerState::Stopped);
    balances.stop().wait().unwrap();
    balances.drain().wait().unwrap();
}

#[test]
fn a_version_and_a_position_are_numbers_in_a_view() {
    struct Places;

    #[projection(Account, ..)]
    impl Places {
        const TABLES: &str =
            "CREATE TABLE places (version INTEGER NOT NULL, position INTEGER NOT NULL) STRICT";

        #[event]
        fn deposited(_: &Deposited, version: Version, position: Position, tx: &Tx) -> Result {
            tx.run("INSERT INTO places VALUES (?1, ?2)", (version, position))
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, 1]);
    let places = app.project(Places).in_file(folder.path().join("places.db")).start().wait().unwrap();
    places.caught_up().within(LONG).wait().unwrap();
    let connection = places.connect().unwrap();
    let read = |sql| {
        let mut statement = connection.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Version>(0)?, row.get::<_, Position>(1)?));
        statement.query_map([], row).unwrap().collect::<Vec<_>>()
    };
    let rows: Vec<(u64, u64)> = read("SELECT * FROM places ORDER BY version")
        .into_iter()
        .map(|row| row.map(|(version, position)| (version.get(), position.get())).unwrap())
        .collect();
    assert_eq!(rows, [(2, 2), (3, 3)]);
    assert!(read("SELECT -1, 1")[0].is_err() && read("SELECT 1, 0")[0].is_err());
}
