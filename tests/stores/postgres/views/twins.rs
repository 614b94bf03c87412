//! Ours and its naive twins, while a transaction holds a position back.

use es_runtime::projection::BatchSize;
use es_runtime::view::postgres::Schema;
use es_runtime::{Application, ErrorKind, Wait};

use super::{Balances, Stage, account, options, rows_of};
use crate::account::Account;
use crate::fated::Fated;
use crate::order;
use crate::server::{self, Session};
use crate::twins::{
    self, Database, Death, FilterByHandled, FilterByHead, FilteredRange, Highest, Naive, Order, Partial, Row,
    Rows, Runner, ThroughMark, seen_behind_other_rows, seen_of_a_late_commit, surplus, wrong_after_deaths,
};

/// A log, and the session whose transaction holds a deposit.
struct Held {
    stage: Stage,
    held: Option<Session>,
}

impl Held {
    fn new() -> Self {
        Self { stage: Stage::new(), held: None }
    }
}

impl twins::Stage for Held {
    fn app(&self) -> &Application {
        &self.stage.app
    }

    /// Does by hand what an append of the recorder does, and leaves the transaction open.
    fn hold_back(&mut self, account: Account, amount: i64) {
        let state = format!("{{\"at\":0,\"data\":{{\"amount\":{amount}}}}}");
        let id = account.id().to_string();
        self.held = Some(order::hold_append(&self.stage.name, &id, 2, twins::DEPOSITED, &state));
    }

    fn show(&mut self) {
        self.held.take().unwrap().run("COMMIT");
    }

    fn query(&self, after: u64) -> Vec<Row> {
        let found = server::by_hand(&format!(
            "SELECT concat_ws(' ', log_position, topic, convert_from(state, 'UTF8'))
               FROM \"{}\".stored_events WHERE log_position > {after} ORDER BY log_position",
            self.stage.name
        ));
        let row = |text: &String| {
            let parts: Vec<_> = text.splitn(3, ' ').collect();
            Row::new(parts[0].parse().unwrap(), parts[1], parts[2].as_bytes())
        };
        found.iter().map(row).collect()
    }
}

pub(crate) fn our_reader_sees_a_late_commit_and_its_twin_does_not() {
    let mut stage = Held::new();
    let ours = ThroughMark::new(&stage.stage.app);
    assert_eq!(seen_of_a_late_commit(&mut stage, ours), [1, 2, 4, 8]);
    assert_eq!(seen_of_a_late_commit(&mut Held::new(), Highest::default()), [1, 4, 8]);
}

pub(crate) fn our_filters_see_a_late_commit_and_their_twins_do_not() {
    let mut stage = Held::new();
    let ours = Partial::new(&stage.stage.app);
    assert_eq!(seen_behind_other_rows(&mut stage, ours), [1, 2, 4, 8]);
    assert_eq!(seen_behind_other_rows(&mut Held::new(), FilteredRange::default()), [1, 2, 4, 8]);
    assert_eq!(seen_behind_other_rows(&mut Held::new(), FilterByHead::default()), [1, 4, 8]);
    // This one stops for ever before a page without a deposit.
    assert_eq!(seen_behind_other_rows(&mut Held::new(), FilterByHandled::default()), [1, 2]);
}

/// Our runner: a projection with its view in a schema.
struct Ours<'a> {
    app: &'a Application,
    schema: String,
}

impl Runner for Ours<'_> {
    fn run(&mut self, death: Option<Death>) -> bool {
        let schema = Schema::new(options(&self.schema), &self.schema).unwrap();
        let view = Fated::new(schema, move |commit| Death::fate(death, commit));
        let project = self.app.project(Balances).batch(BatchSize::new().events(2));
        let ended = project.in_view(view).start().wait().and_then(|balances| balances.drain().wait());
        ended.inspect_err(|error| assert_eq!(error.kind(), ErrorKind::Storage, "{error}")).is_ok()
    }

    fn rows(&mut self) -> Rows {
        rows_of(&self.schema)
    }
}

/// A session in a new schema.
fn in_new_schema() -> Session {
    let (session, schema) = (Session::connect(), server::new_schema());
    session.run(&format!("CREATE SCHEMA {schema}; SET search_path TO {schema}"));
    session
}

impl Database for Session {
    fn transact(&mut self, statements: &str) {
        self.run(&format!("BEGIN; {statements}; COMMIT"));
    }

    fn texts(&mut self, query: &str) -> Vec<String> {
        self.run(query)
    }
}

pub(crate) fn a_death_at_any_commit_harms_the_twin_alone() {
    let Stage { app, .. } = Stage::new();
    account(&app, "Ann", &[1, 2, 4, 8]);
    account(&app, "Bob", &[16, 32]);
    let expected = super::of([("Ann", 15), ("Bob", 48)]);
    assert_eq!(wrong_after_deaths(&expected, || Ours { app: &app, schema: server::new_schema() }), []);

    let events = Naive::events(&app);
    let naive = |order| wrong_after_deaths(&expected, || Naive::new(&events, in_new_schema(), order));
    let (rows_first, place_first) = (naive(Order::RowsFirst), naive(Order::PlaceFirst));
    let is_too_much = rows_first.iter().all(|wrong| surplus(wrong, &expected) > 0);
    assert!(!rows_first.is_empty() && is_too_much, "{rows_first:?}");
    let is_too_little = place_first.iter().all(|wrong| surplus(wrong, &expected) < 0);
    assert!(!place_first.is_empty() && is_too_little, "{place_first:?}");
}
