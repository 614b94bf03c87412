//! Inline views: the transaction that stores an event also brings it into the view.

use std::sync::Arc;
use std::thread;

use es_runtime::id::{CommitId, Mark, Position};
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::projection::{Handle, RunnerState};
use es_runtime::recorder::{Commit, Cursor, ProcessRecorder, Step, Tables};
use es_runtime::view::Result;
use es_runtime::view::postgres::{Schema, StatementError, Tx};
use es_runtime::{Application, ErrorKind, Wait, projection};

use super::failing::FAILING;
use super::killed::killing;
use super::{
    BEGUN_AGAIN, Balances, COMMITTED, LONG, POISON, ROLLED_BACK, Stage, account, application, of, writers,
};
use crate::account::{Account, Deposited, Opened};
use crate::server;

impl Stage {
    pub(super) fn inline_in(&self, app: &Application) -> Handle<Schema> {
        app.project(Balances).inline_in_schema(&self.view).unwrap().start().wait().unwrap()
    }

    pub(super) fn inline(&self) -> Handle<Schema> {
        self.inline_in(&self.app)
    }

    /// Opens the application once more, as another process would.
    pub(super) fn again(&self) -> Application {
        let options = server::in_schema(&self.name).application_name(&self.name);
        application(&options.open().unwrap().recorder(&Tables::default()).unwrap())
    }
}

pub(crate) fn a_saved_event_is_in_the_view_at_once() {
    let stage = Stage::new();
    account(&stage.app, "Ann", &[1, 2]);
    let balances = stage.inline();
    assert_eq!(stage.rows(), of([("Ann", 3)]), "the start handles what the log holds");
    thread::scope(|scope| {
        for owner in ["Bob", "Cleo", "Dora", "Emil"] {
            let (stage, balances) = (&stage, &balances);
            scope.spawn(move || {
                let mut account = account(&stage.app, owner, &[]);
                for deposits in 1..=20 {
                    account.deposit(1);
                    let receipt = stage.app.save(&mut account).wait().unwrap();
                    assert_eq!(stage.rows()[owner], deposits);
                    assert!(balances.handled().map(Mark::position) >= receipt.last());
                }
            });
        }
    });
    let mut fred = account(&stage.app, "Fred", &[5]);
    fred.set_owner("Franz".into());
    stage.app.save(&mut fred).wait().unwrap();
    assert_eq!(stage.rows()["Franz"], 5);
    stage.app.save(&mut fred.discard()).wait().unwrap();
    assert!(!stage.rows().contains_key("Franz"));
    let health = balances.health().wait().unwrap();
    assert!(health.is_healthy() && health.behind == 0, "{health}");
    // A view that is started once more takes nothing twice.
    let again = stage.inline();
    account(&stage.app, "Ida", &[1, 2]);
    assert_eq!(stage.rows()["Ida"], 3);
    again.stop().wait().unwrap();
    assert_eq!(again.state(), RunnerState::Stopped);
    // The view gets a runner, while it is inline, and takes each event once.
    let runner = stage.app.project(Balances).in_schema(stage.schema()).start().wait().unwrap();
    for deposits in 21..=40 {
        let receipt = {
            let mut bob = account(&stage.app, "Gina", &[]);
            bob.deposit(deposits);
            stage.app.save(&mut bob).wait().unwrap()
        };
        runner.reached(&receipt).within(LONG).wait().unwrap();
        balances.reached(&receipt).within(LONG).wait().unwrap();
    }
    runner.stop().wait().unwrap();
    balances.drain().wait().unwrap();
    assert_eq!(balances.state(), RunnerState::Stopped);
    account(&stage.app, "Hanna", &[1]);
    assert!(!stage.rows().contains_key("Hanna"), "nobody keeps the view");
}

pub(crate) fn a_commit_that_an_inline_view_does_not_take_is_not_stored() {
    for (amount, why) in FAILING {
        let stage = Stage::new();
        let _balances = stage.inline();
        thread::scope(|scope| {
            for owner in ["Bob", "Cleo", "Dora"] {
                let app = &stage.app;
                scope.spawn(move || account(app, owner, &[1; 20]));
            }
            let mut ann = account(&stage.app, "Ann", &[1]);
            for _ in 0..5 {
                ann.deposit(10);
                ann.deposit(amount);
                let error = stage.app.save(&mut ann).wait().unwrap_err();
                let text = error.to_string();
                assert_eq!(error.kind(), ErrorKind::Invalid, "{text}");
                assert!(text.contains("nothing is stored, because the inline view `Balances`"), "{text}");
                assert!(text.contains("`Account.Deposited` (version 4 of"), "{text}");
                assert!(text.contains("failed in the handler `deposited`: ") && text.contains(why), "{text}");
                ann = stage.app.get(ann.id()).wait().unwrap();
                assert_eq!(ann.balance, 1);
            }
        });
        assert_eq!(stage.rows(), of([("Ann", 1), ("Bob", 20), ("Cleo", 20), ("Dora", 20)]));
    }
}

pub(crate) fn rows_are_exact_beside_processes_that_do_not_keep_the_view() {
    let stage = Stage::new();
    let _balances = stage.inline();
    let (keeps, keeps_not) = (stage.again(), stage.again());
    let second = stage.inline_in(&keeps);
    let all = thread::scope(|scope| {
        let work = [&stage.app, &keeps, &keeps_not].map(|app| scope.spawn(move || writers(app, 4, 25)));
        work.map(|work| work.join().unwrap())
    });
    second.caught_up().within(LONG).wait().unwrap();
    // All writers of one number have one name: the view holds a row for each of the three.
    let rows = server::by_hand(&format!("SELECT sum(cents) FROM {}.balances", stage.view));
    let expected: i64 = all.iter().flat_map(|rows| rows.values()).sum();
    assert_eq!(rows, [expected.to_string()]);
    // A view that a runner makes is the same.
    let made = Schema::new(super::options(&stage.name), &format!("{}_made", stage.view)).unwrap();
    stage.app.project(Balances).in_schema(made).start().wait().unwrap().drain().wait().unwrap();
    let text =
        |schema: &str| server::by_hand(&format!("SELECT b::text FROM {schema}.balances b ORDER BY id"));
    assert_eq!(text(&stage.view), text(&format!("{}_made", stage.view)));
}

/// A view that takes events in the order of the log alone.
struct InOrder;

#[projection(Account, ..)]
impl InOrder {
    const TABLES: &str = "CREATE TABLE last (position bigint NOT NULL); INSERT INTO last VALUES (0)";

    #[event]
    async fn deposited(_: &Deposited, position: Position, tx: &Tx) -> Result {
        tx.run_one("UPDATE last SET position = $1 WHERE position < $1", &[&position]).await
    }
}

pub(crate) fn events_reach_an_inline_view_in_the_order_of_the_log() {
    let stage = Stage::new();
    let (other, keeps_not) = (stage.again(), stage.again());
    let start = |app: &Application| {
        app.project(InOrder).inline_in_schema(&stage.view).unwrap().start().wait().unwrap()
    };
    let both = [start(&stage.app), start(&other)];
    thread::scope(|scope| {
        for app in [&stage.app, &other, &keeps_not] {
            scope.spawn(move || writers(app, 4, 25));
        }
    });
    for handle in &both {
        handle.caught_up().within(LONG).wait().unwrap();
        assert_eq!(handle.state(), RunnerState::Running);
    }
}

pub(crate) fn an_event_below_those_of_an_inline_view_is_not_missed() {
    let stage = Stage::new();
    let recorder = server::in_schema(&stage.name).open().unwrap().recorder(&Tables::default()).unwrap();
    let keeps_not = application(&recorder);
    let balances = stage.inline();
    let mut bob = account(&keeps_not, "Bob", &[]);
    let mut ann = account(&stage.app, "Ann", &[]);
    let cursor = Cursor::new("reader", "elsewhere").unwrap();
    let [first, second] = [1, 2].map(|at| Mark::new(Position::new(at).unwrap(), CommitId::new()));
    let mut step = |amount, from, to| {
        let before = bob.pending().len();
        bob.deposit(amount);
        let rows =
            bob.pending()[before..].iter().map(|event| keeps_not.store().mapper().encode(event).unwrap());
        (Commit::new(rows.collect()), Step::new(cursor.clone(), from, to).unwrap())
    };
    let (commit, begins) = step(1, None, first);
    recorder.append_tracked(commit, begins).wait().unwrap();
    // The append draws its position, and then waits for the row of the reader.
    let held = server::hold(&format!("SELECT 1 FROM \"{}\".tracking FOR UPDATE", stage.name), 2.0, "COMMIT");
    let (commit, goes_on) = step(2, Some(first), second);
    let appends = recorder.clone();
    let appending = thread::spawn(move || appends.append_tracked(commit, goes_on).wait().unwrap());
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND pid IN
                 (SELECT pid FROM pg_stat_activity WHERE query LIKE '%next_step%' AND wait_event_type = 'Lock')";
    let began = std::time::Instant::now();
    while server::by_hand(locks) == ["0"] {
        assert!(began.elapsed() < LONG, "the append does not wait");
        thread::sleep(std::time::Duration::from_millis(5));
    }
    ann.deposit(4);
    let receipt = stage.app.save(&mut ann).wait().unwrap();
    assert_eq!(stage.rows(), of([("Ann", 4), ("Bob", 3)]));
    held.join().unwrap();
    assert!(appending.join().unwrap().last() < receipt.last(), "its position is lower");
    assert_eq!(balances.state(), RunnerState::Running);
}

pub(crate) fn an_inline_view_is_exact_though_backends_are_killed() {
    let stage = Stage::new();
    let _balances = stage.inline();
    let expected = killing(&stage, || writers(&stage.app, 8, 60));
    assert_eq!(stage.rows(), expected, "before anybody waits for the view");
}

pub(crate) fn an_inline_view_learns_of_the_forgotten_and_of_steps() {
    let stage = Stage::new();
    let recorder = server::in_schema(&stage.name).open().unwrap().recorder(&Tables::default()).unwrap();
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256).unwrap()));
    let app = Application::on(Arc::new(recorder.clone())).mapper(mapper).open().wait().unwrap();
    let _balances = stage.inline_in(&app);
    let ann = account(&app, "Ann", &[1, 2]);
    account(&app, "Bob", &[4]);
    assert_eq!(stage.rows(), of([("Ann", 3), ("Bob", 4)]));
    // A process that does not keep the view leaves it far behind.
    let mapper = app.store().mapper().clone();
    let other = Application::on(Arc::new(recorder)).mapper(mapper).open().wait().unwrap();
    let mut bob = account(&other, "Ben", &[]);
    for _ in 0..5 {
        (0..900).for_each(|_| bob.deposit(0));
        other.save(&mut bob).wait().unwrap();
    }
    app.forget(ann.id()).wait().unwrap();
    app.forget(ann.id()).wait().unwrap();
    assert_eq!(stage.rows(), of([("Ben", 0), ("Bob", 4)]));

    // The recorder stores commits with their steps, in their order.
    let stage = Stage::new();
    let recorder = server::in_schema(&stage.name).open().unwrap().recorder(&Tables::default()).unwrap();
    let app = application(&recorder);
    let _balances = stage.inline_in(&app);
    let mut cleo = account(&app, "Cleo", &[]);
    let (cursor, mut from, mut commits) = (Cursor::new("reader", "elsewhere").unwrap(), None, Vec::new());
    for position in 1..=3 {
        let before = cleo.pending().len();
        cleo.deposit(4);
        let rows = cleo.pending()[before..].iter().map(|event| app.store().mapper().encode(event).unwrap());
        let to = Mark::new(Position::new(position).unwrap(), CommitId::new());
        let step = Step::new(cursor.clone(), from, to).unwrap();
        commits.push((Commit::new(rows.collect()), step));
        from = Some(to);
    }
    recorder.append_tracked_all(commits).wait().unwrap();
    assert_eq!(stage.rows(), of([("Cleo", 12)]));
}

pub(crate) fn an_inline_view_whose_handler_ends_the_transaction_fails() {
    for amount in [COMMITTED, ROLLED_BACK, BEGUN_AGAIN] {
        let stage = Stage::new();
        let balances = stage.inline();
        let mut ann = account(&stage.app, "Ann", &[1]);
        ann.deposit(amount);
        // Whatever the answer is, it is the truth.
        let saved = stage.app.save(&mut ann).wait();
        let stored = stage.app.get(ann.id()).wait().unwrap().balance;
        assert_eq!(stored, if saved.is_ok() { 1 + amount } else { 1 }, "{amount}: {saved:?}");
        assert_eq!(balances.state(), RunnerState::Failed, "{amount}: {saved:?}");
        let health = balances.health().wait().unwrap();
        assert!(health.to_string().contains("by hand"), "{health}");
        // The store goes on without the view.
        account(&stage.app, "Bob", &[1]);
    }
}

/// A view whose table has a type of its own, and names that have to be unique.
struct Kinds;

#[projection(Account, name = "Kinds", ..)]
impl Kinds {
    const TABLES: &str = "CREATE TYPE kind AS ENUM ('new', 'known');
        CREATE TABLE kinds (owner text NOT NULL, kind kind NOT NULL, CONSTRAINT one_of_a_name UNIQUE (owner))";

    #[event]
    async fn opened(event: &Opened, tx: &Tx) -> Result {
        tx.run("INSERT INTO kinds VALUES ($1, 'new'::text::kind)", &[&event.owner]).await
    }

    #[event]
    async fn deposited(_: &Deposited, tx: &Tx) -> Result {
        tx.run("UPDATE kinds SET kind = 'known'::text::kind WHERE kind = 'new'::text::kind", &[]).await
    }
}

pub(crate) fn two_inline_views_are_rebuilt_and_keep_names_unique() {
    let stage = Stage::new();
    let balances = stage.inline();
    let schema = format!("{}_kinds", stage.view);
    let kinds = || stage.app.project(Kinds).inline_in_schema(&schema).unwrap();
    let kept = kinds().start().wait().unwrap();
    account(&stage.app, "Ann", &[1]);
    let error = stage.app.save(&mut Account::open("Ann".into())).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("one_of_a_name"), "{error}");
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<StatementError>());
    let named = cause.map(|cause| (cause.code(), cause.constraint()));
    assert_eq!(named, Some((Some("23505"), Some("one_of_a_name"))));
    assert!(!format!("{error:?}").contains("Ann"), "the error quotes a value: {error:?}");
    assert_eq!(stage.rows(), of([("Ann", 1)]), "the other view is undone, too");
    for owner in ["Bob", "Cleo"] {
        kinds().rebuild().wait().unwrap();
        stage.app.project(Balances).inline_in_schema(&stage.view).unwrap().rebuild().wait().unwrap();
        account(&stage.app, owner, &[2]);
        assert_eq!(stage.rows()[owner], 2);
        let known = server::by_hand(&format!("SELECT count(*) FROM {schema}.kinds WHERE kind = 'known'"));
        assert_eq!(known, [stage.rows().len().to_string()]);
    }
    // Many events of a process that does not keep the views.
    let other = stage.again();
    let mut dora = account(&other, "Dora", &[]);
    for _ in 0..5 {
        (0..900).for_each(|_| dora.deposit(1));
        other.save(&mut dora).wait().unwrap();
    }
    account(&stage.app, "Emil", &[3]);
    assert_eq!((stage.rows()["Dora"], stage.rows()["Emil"]), (4_500, 3));
    stage.app.close();
    for handle in [balances, kept] {
        handle.stop().wait().unwrap();
        assert_eq!(handle.state(), RunnerState::Stopped);
    }
    let began = std::time::Instant::now();
    let left = format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}'", stage.name);
    drop((other, stage.app));
    while server::by_hand(&left) != ["0"] {
        assert!(began.elapsed() < LONG, "sessions are left over");
        thread::sleep(std::time::Duration::from_millis(20));
    }
}

pub(crate) fn what_cannot_be_inline_is_refused() {
    let stage = Stage::in_memory();
    let error = stage.app.project(Balances).inline_in_schema(&stage.view).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("the events are not there"), "{error}");
    let stage = Stage::new();
    let mut ann = account(&stage.app, "Ann", &[POISON]);
    // The log holds the event already, and so the view cannot begin.
    let error =
        stage.app.project(Balances).inline_in_schema(&stage.view).unwrap().start().wait().unwrap_err();
    assert!(error.to_string().contains("a poisoned amount"), "{error}");
    ann.deposit(1);
    stage.app.save(&mut ann).wait().unwrap();
}
