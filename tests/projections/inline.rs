//! Inline views: the transaction that stores an event also brings it into the view.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use es_runtime::id::{CommitId, Mark, Position};
use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::projection::{Blocking, OnChange, RunnerState};
use es_runtime::recorder::{Commit, Cursor, ProcessRecorder, SqliteOptions, Step, Tables};
use es_runtime::view::Result;
use es_runtime::view::sqlite::{File, Tx};
use es_runtime::{Application, ErrorKind, Id, Wait, projection};

use crate::LONG;
use crate::account::{Account, AccountEvent, Deposited, Opened};
use crate::balances::{Balances, POISON, account, rows};

type Inline = es_runtime::projection::Handle<File>;

pub(crate) fn open(file: &Path) -> Application {
    Application::open(&format!("sqlite:{}?synchronous=normal", file.display())).wait().unwrap()
}

pub(crate) fn inline(app: &Application) -> Inline {
    app.project(Balances).inline().unwrap().start().wait().unwrap()
}

pub(crate) fn balance(app: &Application, id: Id<Account>) -> i64 {
    app.get(id).wait().unwrap().balance
}

#[test]
fn a_saved_event_is_in_the_view_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    account(&app, "Ann", &[1, 2]);
    let balances = inline(&app);
    assert_eq!(rows(&file)["Ann"], 3, "the start handles what the log holds");
    thread::scope(|scope| {
        for owner in ["Bob", "Cleo", "Dora", "Emil"] {
            let (app, balances, file) = (&app, &balances, &file);
            scope.spawn(move || {
                let mut account = account(app, owner, &[]);
                for deposits in 1..=50 {
                    account.deposit(1);
                    let receipt = app.save(&mut account).wait().unwrap();
                    assert_eq!(rows(file)[owner], deposits);
                    let place = balances.handled().map(Mark::position);
                    assert!(place >= receipt.last(), "the handle knows the place");
                }
            });
        }
    });
    let mut ann = account(&app, "Fred", &[5]);
    ann.set_owner("Franz".into());
    app.save(&mut ann).wait().unwrap();
    assert_eq!(rows(&file)["Franz"], 5);
    app.save(&mut ann.discard()).wait().unwrap();
    assert!(!rows(&file).contains_key("Franz"));
    let health = balances.health().wait().unwrap();
    assert!(health.is_healthy() && health.behind == 0, "{health}");
    assert_eq!(app.projections().wait().unwrap().len(), 1);
}

#[test]
fn a_drain_ends_without_an_error_if_another_process_has_brought_the_view_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let (app, other) = (open(&file), open(&file));
    let (balances, _other) = (inline(&app), inline(&other));
    let mut ann = account(&other, "Ann", &[1, 2]);
    balances.drain().wait().unwrap();
    let newest = app.log::<AccountEvent>().next_page().wait().unwrap().unwrap().through;
    assert_eq!(balances.handled(), newest);
    ann.deposit(3);
    other.save(&mut ann).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 6);
}

#[test]
fn the_future_of_an_inline_view_ends_when_the_application_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder.path().join("bank.db"));
    let runner = app.project(Balances).inline().unwrap().open().wait().unwrap();
    let balances = runner.handle();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(runner.run().wait()));
    app.close();
    let error = end.recv_timeout(LONG).expect("the future ends").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(balances.state(), RunnerState::Stopped);
}

#[test]
fn a_commit_that_the_view_does_not_take_is_not_stored_and_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    let _balances = inline(&app);
    let (ids, refused): (Vec<_>, Vec<_>) = thread::scope(|scope| {
        let savers: Vec<_> = (0..8)
            .map(|number| {
                let app = &app;
                scope.spawn(move || {
                    let mut account = account(app, &number.to_string(), &[]);
                    let mut refused = 0;
                    for amount in 1..=40 {
                        account.deposit(if number == 0 && amount % 2 == 0 { POISON } else { 1 });
                        if let Err(error) = app.save(&mut account).wait() {
                            assert_eq!(error.kind(), ErrorKind::Invalid);
                            let said = "nothing is stored, because the inline view `Balances` does not take an event: \
                                        `Account.Deposited`";
                            assert!(error.to_string().contains(said), "{error}");
                            assert!(error.to_string().contains("in the handler `deposited`: a poisoned amount"), "{error}");
                            account = app.get(account.id()).wait().unwrap();
                            refused += 1;
                        }
                    }
                    (account.id(), refused)
                })
            })
            .collect();
        savers.into_iter().map(|saver| saver.join().unwrap()).unzip()
    });
    assert_eq!(refused, [20, 0, 0, 0, 0, 0, 0, 0]);
    let view = rows(&file);
    for (number, id) in ids.into_iter().enumerate() {
        let expected = if number == 0 { 20 } else { 40 };
        assert_eq!((balance(&app, id), view[&number.to_string()]), (expected, expected));
    }
}

#[test]
fn the_events_of_others_come_with_the_next_save_or_when_somebody_waits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let (app, other) = (open(&file), open(&file));
    let balances = inline(&app);
    account(&other, "Ann", &[1, 2]);
    assert!(!rows(&file).contains_key("Ann"), "the other one does not keep the view");
    account(&app, "Bob", &[5]);
    assert_eq!(rows(&file)["Ann"], 3);

    let mut cleo = account(&other, "Cleo", &[]);
    cleo.deposit(4);
    let receipt = other.save(&mut cleo).wait().unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Cleo"], 4);

    // Rows of a recorder, and steps of a reader, too.
    let recorder = SqliteOptions::file(&file).open().unwrap().recorder(&Tables::default()).unwrap();
    let on = Application::on(std::sync::Arc::new(recorder.clone())).open().wait().unwrap();
    let second = on.project(Balances).inline().unwrap().start().wait().unwrap();
    cleo.deposit(4);
    let pending = cleo.pending().to_vec();
    let rows_of = pending.iter().map(|event| app.store().mapper().encode(event).unwrap()).collect();
    let cursor = Cursor::new("reader", "elsewhere").unwrap();
    let step = Step::new(cursor, None, Mark::new(Position::FIRST, CommitId::new())).unwrap();
    recorder.append_tracked_all(vec![(Commit::new(rows_of), step)]).wait().unwrap();
    assert_eq!(rows(&file)["Cleo"], 8);
    second.stop().wait().unwrap();
    assert_eq!(second.state(), RunnerState::Stopped);
}

#[test]
fn a_view_changes_between_a_runner_and_inline_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    let mut ann = account(&app, "Ann", &[1]);
    let mut save = |amount| {
        ann.deposit(amount);
        app.save(&mut ann).wait().unwrap()
    };
    app.project(Balances).in_file(&file).start().wait().unwrap().drain().wait().unwrap();
    save(2);
    let balances = inline(&app);
    assert_eq!(rows(&file)["Ann"], 3);
    save(4);
    assert_eq!(rows(&file)["Ann"], 7);
    balances.drain().wait().unwrap();
    assert_eq!(balances.state(), RunnerState::Stopped);
    let receipt = save(8);
    assert_eq!(rows(&file)["Ann"], 7, "nobody keeps the view");
    let error = balances.reached(&receipt).within(LONG).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    let follows = app.project(Balances).in_file(&file).start().wait().unwrap();
    follows.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 15);
    // Both at once take each event once.
    let _both = inline(&app);
    for total in (16..).take(50) {
        let receipt = save(1);
        assert_eq!(rows(&file)["Ann"], total);
        follows.reached(&receipt).within(LONG).wait().unwrap();
    }
    follows.stop().wait().unwrap();
    // The runner of `open` waits for the end.
    let runner = app.project(Balances).inline().unwrap().open().wait().unwrap();
    let handle = runner.handle();
    let runs = thread::spawn(move || runner.run().wait());
    assert!(handle.health().wait().unwrap().is_healthy());
    handle.stop().wait().unwrap();
    runs.join().unwrap().unwrap();
}

#[test]
fn a_view_that_is_started_twice_takes_each_event_once_and_its_runner_rests() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    let (first, second) = (inline(&app), inline(&app));
    let runner = app.project(Balances).inline().unwrap().open().wait().unwrap();
    let third = runner.handle();
    let runs = thread::spawn(move || runner.run().wait());
    account(&app, "Ann", &[1, 2]);
    assert_eq!(rows(&file)["Ann"], 3);
    // Nobody writes while nobody saves.
    let log = || std::fs::read(folder.path().join("bank.db-wal")).unwrap();
    let before = log();
    thread::sleep(Duration::from_millis(100));
    assert!(log() == before, "the runner of an inline view writes without a save");
    for handle in [first, second, third] {
        handle.stop().wait().unwrap();
        assert_eq!(handle.state(), RunnerState::Stopped);
    }
    runs.join().unwrap().unwrap();
}

#[test]
fn a_forgotten_aggregate_leaves_an_inline_view() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let mapper = Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256).unwrap()));
    let app =
        Application::builder(format!("sqlite:{}", file.display())).mapper(mapper).open().wait().unwrap();
    let _balances = inline(&app);
    let ann = account(&app, "Ann", &[1, 2]);
    account(&app, "Bob", &[4]);
    assert_eq!((rows(&file)["Ann"], rows(&file)["Bob"]), (3, 4));
    app.forget(ann.id()).wait().unwrap();
    assert!(!rows(&file).contains_key("Ann"));
    account(&app, "Cleo", &[8]);
    assert_eq!((rows(&file)["Bob"], rows(&file)["Cleo"]), (4, 8));
}

/// The variable that names the file of the process that saves.
const FILE: &str = "ES_TESTS_INLINE";
const KILLS: u64 = 20;

/// Does nothing unless another test starts it. Then it saves until it is killed.
#[test]
fn the_saving_process() {
    let Some(file) = env::var_os(FILE).map(PathBuf::from) else { return };
    let app = open(&file);
    let _balances = inline(&app);
    thread::scope(|scope| {
        for owner in ["Ann", "Bob"] {
            let app = &app;
            scope.spawn(move || {
                let mut account = account(app, owner, &[]);
                loop {
                    account.deposit(1);
                    app.save(&mut account).wait().unwrap();
                }
            });
        }
    });
}

/// Returns the sum of the deposits that the view holds.
fn sum_in_view(file: &Path) -> i64 {
    let connection = File::new(file).connect().unwrap();
    connection.query_row("SELECT coalesce(sum(cents), 0) FROM balances", [], |row| row.get(0)).unwrap()
}

fn sum_in_log(app: &Application) -> i64 {
    let mut log = app.log::<Deposited>();
    let mut sum = 0;
    while let Some(page) = log.next_page().wait().unwrap() {
        sum += page.entries.iter().map(|event| event.event().amount).sum::<i64>();
    }
    sum
}

#[test]
fn a_view_whose_saving_process_is_killed_20_times_always_equals_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    inline(&app).stop().wait().unwrap();
    for kill in 0..KILLS {
        let before = sum_in_view(&file);
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "inline::the_saving_process", "--nocapture"])
            .env(FILE, &file)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while sum_in_view(&file) == before {
            assert!(begun.elapsed() < LONG, "the process saves nothing after {kill} kills");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(kill * 7_919 % 20_000));
        process.kill().unwrap();
        process.wait().unwrap();
        // Nobody saves, and nobody brings the view up to date.
        let stored = sum_in_log(&app);
        assert!(stored > before);
        assert_eq!(sum_in_view(&file), stored, "after kill {kill}");
    }
}

/// The same view by other code.
struct Twice;

#[projection(Account, name = "Balances", ..)]
impl Twice {
    const TABLES: &str = <Balances as Blocking>::TABLES;

    #[event]
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run_one("INSERT INTO balances VALUES (?1, ?2, 0)", (id, &event.owner))
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET cents = cents + 2 * ?2 WHERE id = ?1", (id, event.amount))
    }
}

#[test]
fn a_rebuild_takes_over_while_others_save_and_an_older_release_steps_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = open(&file);
    let mut ann = account(&app, "Ann", &[1, 2]);
    let balances = inline(&app);
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute("UPDATE balances SET cents = -1", []).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut bob = account(&app, "Bob", &[]);
            for _ in 0..200 {
                bob.deposit(1);
                app.save(&mut bob).wait().unwrap();
            }
        });
        for _ in 0..3 {
            app.project(Balances).inline().unwrap().rebuild().wait().unwrap();
        }
        writer.join().unwrap();
    });
    assert_eq!((rows(&file)["Ann"], rows(&file)["Bob"]), (3, 200));

    let newer = open(&file);
    let error = newer.project(Twice).inline().unwrap().start().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    let twice = newer.project(Twice).on_change(OnChange::Rebuild).inline().unwrap().start().wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 6);
    ann.deposit(4);
    let receipt = app.save(&mut ann).wait().unwrap();
    assert_eq!(balances.state(), RunnerState::Failed, "the older release steps aside");
    let error = balances.reached(&receipt).within(LONG).wait().unwrap_err();
    assert!(error.to_string().contains("now those of another release"), "{error}");
    twice.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 14);
}
