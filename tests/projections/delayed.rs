//! Ours and its naive twins, on a store that shows commits late.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;

use es_runtime::id::Position;
use es_runtime::projection::BatchSize;
use es_runtime::recorder::{LogRange, MemoryRecorder};
use es_runtime::testing::faults::{Faulty, Hold, When};
use es_runtime::view::sqlite::File;
use es_runtime::{Application, ErrorKind, Wait};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::account::Account;
use crate::balances::{self, Balances, account};
use crate::fated::Fated;
use crate::twins::{
    Database, Death, FilterByHandled, FilterByHead, FilteredRange, Highest, Naive, Order, Partial, Row, Rows,
    Runner, Stage, ThroughMark, seen_behind_other_rows, seen_of_a_late_commit, surplus, wrong_after_deaths,
};

struct Delayed {
    log: Arc<Faulty<MemoryRecorder>>,
    app: Application,
}

impl Delayed {
    fn new() -> Self {
        let log = Arc::new(Faulty::new(MemoryRecorder::new()));
        Self { app: Application::on(log.clone()).open().wait().unwrap(), log }
    }
}

impl Stage for Delayed {
    fn app(&self) -> &Application {
        &self.app
    }

    fn hold_back(&mut self, mut account: Account, amount: i64) {
        self.log.faults().hold_back(When::at_call(1), Hold::UntilShown);
        account.deposit(amount);
        self.app.save(&mut account).wait().unwrap();
    }

    fn show(&mut self) {
        self.log.faults().show_all();
    }

    fn query(&self, after: u64) -> Vec<Row> {
        let beyond = LogRange::all().from(Position::new(after + 1).unwrap());
        let found = self.log.visible(beyond).wait().unwrap();
        found.iter().map(|row| Row::new(row.position().get(), &row.event.topic, &row.event.state)).collect()
    }
}

#[test]
fn our_reader_sees_a_late_commit_and_its_twin_does_not() {
    let mut stage = Delayed::new();
    let ours = ThroughMark::new(stage.app());
    assert_eq!(seen_of_a_late_commit(&mut stage, ours), [1, 2, 4, 8]);
    assert_eq!(seen_of_a_late_commit(&mut Delayed::new(), Highest::default()), [1, 4, 8]);
}

#[test]
fn our_filters_see_a_late_commit_and_their_twins_do_not() {
    let mut stage = Delayed::new();
    let ours = Partial::new(stage.app());
    assert_eq!(seen_behind_other_rows(&mut stage, ours), [1, 2, 4, 8]);
    assert_eq!(seen_behind_other_rows(&mut Delayed::new(), FilteredRange::default()), [1, 2, 4, 8]);
    assert_eq!(seen_behind_other_rows(&mut Delayed::new(), FilterByHead::default()), [1, 4, 8]);
    // This one stops for ever before a page without a deposit.
    assert_eq!(seen_behind_other_rows(&mut Delayed::new(), FilterByHandled::default()), [1, 2]);
}

/// Our runner: a projection with its view in a file.
struct Ours<'a> {
    app: &'a Application,
    file: PathBuf,
}

impl Runner for Ours<'_> {
    fn run(&mut self, death: Option<Death>) -> bool {
        let view = Fated::new(File::new(&self.file), move |commit| Death::fate(death, commit));
        let project = self.app.project(Balances).batch(BatchSize::new().events(2));
        let ended =
            project.in_blocking_view(view).start().wait().and_then(|balances| balances.drain().wait());
        ended.inspect_err(|error| assert_eq!(error.kind(), ErrorKind::Storage, "{error}")).is_ok()
    }

    fn rows(&mut self) -> Rows {
        balances::rows(&self.file)
    }
}

impl Database for Connection {
    fn transact(&mut self, statements: &str) {
        self.execute_batch(&format!("BEGIN; {statements}; COMMIT")).unwrap();
    }

    fn texts(&mut self, query: &str) -> Vec<String> {
        let mut statement = self.prepare(query).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

#[test]
fn a_death_at_any_commit_harms_the_twin_alone() {
    let (stage, folder, next) = (Delayed::new(), TempDir::new().unwrap(), Cell::new(0));
    let file = || folder.path().join(format!("{}.db", next.replace(next.get() + 1)));
    account(stage.app(), "Ann", &[1, 2, 4, 8]);
    account(stage.app(), "Bob", &[16, 32]);
    let expected = Rows::from([("Ann".to_owned(), 15), ("Bob".to_owned(), 48)]);
    assert_eq!(wrong_after_deaths(&expected, || Ours { app: stage.app(), file: file() }), []);

    let events = Naive::events(stage.app());
    let database = || {
        let connection = Connection::open(file()).unwrap();
        connection.pragma_update(None, "synchronous", "off").unwrap();
        connection
    };
    let naive = |order| wrong_after_deaths(&expected, || Naive::new(&events, database(), order));
    let (rows_first, place_first) = (naive(Order::RowsFirst), naive(Order::PlaceFirst));
    let is_too_much = rows_first.iter().all(|wrong| surplus(wrong, &expected) > 0);
    assert!(!rows_first.is_empty() && is_too_much, "{rows_first:?}");
    let is_too_little = place_first.iter().all(|wrong| surplus(wrong, &expected) < 0);
    assert!(!place_first.is_empty() && is_too_little, "{place_first:?}");
}
