//! Parked events: they wait in their order until somebody handles them again, or drops them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use es_runtime::projection::{BatchSize, Handle, OnFailure};
use es_runtime::view::sqlite::{File, Tx};
use es_runtime::view::{OpenView, Result as Handled};
use es_runtime::{Application, Error, ErrorKind, Wait, projection};

use crate::LONG;
use crate::account::{Account, Deposited};
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

/// A view in a file that does something before it is opened.
#[derive(Clone)]
struct Opening {
    file: File,
    before: Arc<dyn Fn() + Send + Sync>,
}

impl OpenView for Opening {
    type View = <File as OpenView>::View;

    async fn open(&self) -> Result<Self::View, Error> {
        (self.before)();
        self.file.open().await
    }
}

#[test]
fn a_retry_handles_events_too_that_are_parked_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("balances.db");
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1, POISON]);
    let opened = Arc::new(AtomicUsize::new(usize::MAX));
    let before = {
        let (app, opened, file, id) = (app.clone(), Arc::clone(&opened), file.clone(), ann.id());
        move || {
            // The call has listed the parked events, and opens the view to handle them.
            if opened.fetch_add(1, Ordering::Relaxed) == 1 {
                let mut ann = app.get(id).wait().unwrap();
                ann.deposit(2);
                app.save(&mut ann).wait().unwrap();
                let view = File::new(&file).connect().unwrap();
                let parked = "SELECT count(*) FROM es_view WHERE key LIKE 'failed/%'";
                while view.query_row(parked, [], |row| row.get::<_, i64>(0)).unwrap() < 2 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        }
    };
    let open = Opening { file: File::new(&file), before: Arc::new(before) };
    let balances =
        app.project(Balances).on_failure(OnFailure::Park).in_blocking_view(open).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    mend(&file);
    opened.store(0, Ordering::Relaxed);
    assert_eq!(balances.retry(ann.id()).wait().unwrap(), 2);
    assert!(balances.failed().wait().unwrap().is_empty());
    assert_eq!(rows(&file)["Ann"], 1 + POISON + 2);
}

/// A view that takes no deposit: the table `busy` makes the reason one that may pass.
struct Busy;

#[projection(Account, ..)]
impl Busy {
    const TABLES: &str = "CREATE TABLE deposits (amount INTEGER) STRICT";

    #[event]
    fn deposited(_: &Deposited, tx: &Tx) -> Handled {
        if tx.table_exists(None, "busy")? {
            return Err(Error::new(ErrorKind::Unavailable, "come again").into());
        }
        Err("no deposits".into())
    }
}

#[test]
fn an_error_that_may_pass_leaves_a_parked_event_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("busy.db");
    let app = Application::open("memory:").wait().unwrap();
    let ann = account(&app, "Ann", &[1]);
    let busy = app.project(Busy).on_failure(OnFailure::Park).in_file(&file).start().wait().unwrap();
    busy.caught_up().within(LONG).wait().unwrap();
    let before = busy.failed().wait().unwrap();
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE busy (id INTEGER)").unwrap();
    let error = busy.retry(ann.id()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(busy.failed().wait().unwrap(), before);
}

#[test]
fn a_rebuild_elsewhere_that_parks_events_keeps_later_ones_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (log, file) = (folder.path().join("bank.db"), folder.path().join("balances.db"));
    let open = || Application::open(&format!("sqlite:{}", log.display())).wait().unwrap();
    let (app, other) = (open(), open());
    let mut ann = account(&app, "Ann", &[1, POISON, 2]);
    let project = |app: &Application| app.project(Balances).on_failure(OnFailure::Park).in_file(&file);
    let balances = project(&app).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(balances.drop_failed(ann.id()).wait().unwrap(), 2);
    let save = |ann: &mut Account| {
        let receipt = app.save(ann).wait().unwrap();
        balances.reached(&receipt).within(LONG).wait().unwrap();
    };
    ann.deposit(3);
    save(&mut ann);
    assert_eq!(rows(&file)["Ann"], 1 + 3, "nothing is parked any more");
    // The new rows stand at the same place.
    project(&other).rebuild().wait().unwrap();
    assert_eq!(balances.failed().wait().unwrap().len(), 3);
    ann.deposit(4);
    save(&mut ann);
    assert_eq!(rows(&file)["Ann"], 1);
    assert_eq!(balances.failed().wait().unwrap().len(), 4);
}
