//! Views that are made anew beside their old rows, and code that has changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;

use es_runtime::projection::{BatchSize, OnChange, OnFailure};
use es_runtime::view::sqlite::{File, FileView, Tx};
use es_runtime::view::{Object, OpenView, Result};
use es_runtime::{Application, Error, ErrorKind, Id, Wait, projection};

use crate::LONG;
use crate::account::{Account, AccountEvent, Deposited, Opened};
use crate::balances::{Balances, InMemory, POISON, account, rows};
use crate::counted::Counted;

/// The same view by other code, with an index, a view over the table, and a column that is computed.
pub(crate) struct Doubled;

#[projection(Account, name = "Balances", ..)]
impl Doubled {
    const TABLES: &str = "CREATE TABLE balances (
             number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB UNIQUE, owner TEXT NOT NULL, half INTEGER NOT NULL,
             cents INTEGER AS (half * 2)
         ) STRICT;
         CREATE INDEX by_owner ON balances (owner);
         CREATE VIEW rich AS SELECT owner FROM balances WHERE cents > 10;";

    #[event]
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances (id, owner, half) VALUES (?1, ?2, 0)", (id, &event.owner))
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET half = half + ?2 WHERE id = ?1", (id, event.amount))
    }
}

fn of(rows: &[(&str, i64)]) -> BTreeMap<String, i64> {
    rows.iter().map(|(owner, cents)| ((*owner).to_owned(), *cents)).collect()
}

/// Damages the rows of a view, so that only a rebuild makes them right.
fn damage(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(LONG).unwrap();
    connection.execute("UPDATE balances SET cents = -1", []).unwrap();
}

#[test]
fn a_rebuilt_view_equals_a_first_build_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1, 2]);
    account(&app, "Bob", &[5]);
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    damage(&file);
    let reported = Arc::new(Mutex::new(None));
    let report = Arc::clone(&reported);
    app.project(Balances)
        .in_file(&file)
        .rebuild()
        .on_progress(move |progress| *report.lock().unwrap() = Some(progress))
        .wait()
        .unwrap();
    assert_eq!(rows(&file), of(&[("Ann", 3), ("Bob", 5)]));
    let progress = reported.lock().unwrap().unwrap();
    assert_eq!(progress.events, 5, "the progress counts the events");
    let log = app.log::<AccountEvent>().next_page().wait().unwrap().unwrap();
    let last = log.entries.last().unwrap().mark();
    assert_eq!((progress.handled, progress.newest), (Some(last), Some(last)));
    // The projection that ran meanwhile goes on in the new rows.
    ann.deposit(7);
    let receipt = app.save(&mut ann).wait().unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 10);
    assert!(!folder.path().join("balances.db-rebuild").exists());
}

#[test]
fn the_old_rows_serve_and_writers_save_during_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app =
        Application::open(&format!("sqlite:{}", folder.path().join("events.db").display())).wait().unwrap();
    let owners: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    for owner in &owners {
        account(&app, owner, &[1; 20]);
    }
    let balances = app.project(Balances).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let is_over = AtomicBool::new(false);
    let saved = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut ann = account(&app, "Ann", &[]);
            let mut saved = 0;
            while !is_over.load(Ordering::SeqCst) {
                ann.deposit(1);
                app.save(&mut ann).wait().unwrap();
                saved += 1;
            }
            saved
        });
        let reader = scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let seen = rows(&file);
                assert!(owners.iter().all(|owner| seen[owner] == 20), "a reader sees {seen:?}");
            }
        });
        for _ in 0..3 {
            let size = BatchSize::new().events(50);
            app.project(Balances).batch(size).in_file(&file).rebuild().wait().unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        reader.join().unwrap();
        writer.join().unwrap()
    });
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], saved, "no event is lost or taken twice");
}

#[test]
fn changed_code_is_refused_accepted_or_rebuilt_by_choice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, 2]);
    app.project(Balances).in_file(&file).start().wait().unwrap().drain().wait().unwrap();

    let error = app.project(Doubled).in_file(&file).start().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("the code of the projection `Balances` changed"), "{error}");
    assert_eq!(rows(&file), of(&[("Ann", 3)]), "the old rows stay");

    let doubled = app.project(Doubled).on_change(OnChange::Rebuild).in_file(&file).start().wait().unwrap();
    account(&app, "Bob", &[6]);
    doubled.drain().wait().unwrap();
    assert_eq!(rows(&file), of(&[("Ann", 6), ("Bob", 12)]));
    let connection = doubled.connect().unwrap();
    let rich: String = connection.query_row("SELECT owner FROM rich", [], |row| row.get(0)).unwrap();
    let indexes: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'by_owner'", [], |row| row.get(0))
        .unwrap();
    let next: i64 = connection.query_row("SELECT seq FROM sqlite_sequence", [], |row| row.get(0)).unwrap();
    assert_eq!((&*rich, indexes, next), ("Bob", 1, 2));

    // The old code may take the rows over, if somebody says that they are right.
    let error = app.project(Balances).in_file(&file).start().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    let accepted = app.project(Balances).on_change(OnChange::Accept).in_file(&file).open().wait().unwrap();
    drop(accepted);
    app.project(Balances).in_file(&file).start().wait().unwrap().stop().wait().unwrap();
}

#[test]
fn a_release_whose_view_another_one_rebuilt_ends_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    let old = app.project(Balances).in_file(&file).start().wait().unwrap();
    old.caught_up().within(LONG).wait().unwrap();
    drop(app.project(Doubled).on_change(OnChange::Rebuild).in_file(&file).open().wait().unwrap());
    ann.deposit(5);
    let receipt = app.save(&mut ann).wait().unwrap();
    let error = old.reached(&receipt).within(LONG).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("now those of another release"), "{error}");
    assert_eq!(rows(&file), of(&[("Ann", 2)]));
}

#[test]
fn an_interrupted_rebuild_goes_on_and_a_failed_one_leaves_the_old_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    for number in 0..200 {
        account(&app, &number.to_string(), &[number]);
    }
    let project = || app.project(Balances).batch(BatchSize::new().events(1)).in_file(&file);
    project().start().wait().unwrap().drain().wait().unwrap();
    let whole = rows(&file);
    // Each attempt is dropped after its first poll on no executor, with a batch or more done at most.
    for _ in 0..3 {
        let mut attempt = project().rebuild().into_future();
        let mut context = Context::from_waker(Waker::noop());
        assert!(attempt.as_mut().poll(&mut context).is_pending());
        thread::sleep(std::time::Duration::from_millis(20));
        let _ = attempt.as_mut().poll(&mut context);
    }
    assert_eq!(rows(&file), whole);
    project().rebuild().wait().unwrap();
    assert_eq!(rows(&file), whole);

    let mut ann = account(&app, "Ann", &[]);
    ann.deposit(POISON);
    app.save(&mut ann).wait().unwrap();
    let skips = || app.project(Balances).on_failure(OnFailure::Skip).in_file(&file);
    let balances = skips().start().wait().unwrap();
    balances.drain().wait().unwrap();
    let before = rows(&file);
    let error = skips().rebuild().on_failure(OnFailure::Stop).wait().unwrap_err();
    assert!(error.to_string().contains("a poisoned amount"), "{error}");
    assert_eq!(rows(&file), before);
    skips().clear_rebuild().wait().unwrap();
    assert!(!folder.path().join("balances.db-rebuild").exists());
    skips().rebuild().wait().unwrap();
    assert_eq!((rows(&file), balances.failed().wait().unwrap().len()), (before, 1));
}

/// A file whose new rows another process removes, before the opening of this number.
#[derive(Clone)]
struct Removed {
    file: File,
    is_beside: bool,
    openings: Arc<AtomicU64>,
    at: u64,
}

impl OpenView for Removed {
    type View = FileView;

    async fn open(&self) -> std::result::Result<FileView, Error> {
        if self.is_beside && self.openings.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", self.file.path().display()));
            }
        }
        self.file.open().await
    }

    fn beside(&self) -> Option<Self> {
        Some(Self { file: self.file.beside()?, is_beside: true, ..self.clone() })
    }

    async fn link(&self, view: &mut FileView) -> std::result::Result<(), Error> {
        self.file.link(view).await
    }

    async fn replace(
        &self,
        view: &mut FileView,
        old: &[Object],
        new: &[Object],
    ) -> std::result::Result<(), Error> {
        self.file.replace(view, old, new).await
    }

    async fn clear(&self) -> std::result::Result<(), Error> {
        self.file.clear().await
    }
}

#[test]
fn a_rebuild_whose_new_rows_another_process_removes_leaves_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    account(&app, "Ann", &[1, 2]);
    let balances = app.project(Balances).in_file(&path).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let mut given_up = 0;
    for at in 1.. {
        let openings = Arc::new(AtomicU64::new(0));
        let file = File::new(&path);
        let view = Removed { file, is_beside: false, openings: Arc::clone(&openings), at };
        let rebuilt = app.project(Balances).in_blocking_view(view).rebuild().wait();
        given_up += u64::from(rebuilt.is_err());
        assert_eq!(rows(&path), of(&[("Ann", 3)]), "the new rows are gone before opening {at}: {rebuilt:?}");
        if openings.load(Ordering::SeqCst) < at {
            break;
        }
    }
    assert!(given_up > 1, "the last openings come too late to make the rows again: {given_up}");
    balances.stop().wait().unwrap();
}

#[test]
fn a_rebuild_with_another_number_of_workers_is_refused_and_the_runner_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let mut ann = account(&app, "Ann", &[1]);
    let balances = app.project(Balances).workers(4).in_file(&file).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let error = app.project(Balances).in_file(&file).rebuild().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("runs with 4 workers, and was rebuilt with 1"), "{error}");
    app.project(Balances).workers(4).in_file(&file).rebuild().wait().unwrap();
    ann.deposit(2);
    let receipt = app.save(&mut ann).wait().unwrap();
    balances.reached(&receipt).within(LONG).wait().unwrap();
    assert_eq!(rows(&file)["Ann"], 3);
}

#[test]
fn a_view_in_memory_refuses_to_be_rebuilt_beside_itself() {
    let app = Application::open("memory:").wait().unwrap();
    let error = app.project(InMemory::default()).in_memory().rebuild().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("a view in memory is made anew at each start"), "{error}");
}

#[test]
fn a_database_without_a_place_beside_refuses_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    let view = Counted::new(&folder.path().join("balances.db"), false);
    let error = app.project(Balances).in_blocking_view(view).rebuild().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("needs `OpenView::beside`"), "{error}");
}

#[test]
fn tables_that_would_hide_older_ones_are_refused() {
    struct Hides;

    #[projection(Account, ..)]
    impl Hides {
        const TABLES: &str = "CREATE TABLE if not  exists balances (id BLOB)";

        #[event]
        fn opened(_: &Opened, tx: &Tx) -> Result {
            tx.run("INSERT INTO balances VALUES (NULL)", [])
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let app = Application::open("memory:").wait().unwrap();
    let error = app.project(Hides).in_file(folder.path().join("a.db")).start().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("`TABLES` of the projection `Hides` contains `IF NOT EXISTS`"),
        "{error}"
    );
}
