//! PostgreSQL against the rules; each runs in a schema of its own.

use std::cell::RefCell;

use es_runtime::Wait;
use es_runtime::id::{DataKeyId, Mark, Position};
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, EventTable, KeyRecorder, Postgres,
    PostgresOptions, PostgresRecorder, PostgresSnapshots, ProcessRecorder, SnapshotRecorder, Step,
    StoredEvent, StoredKey, Tables, TrackingRecorder,
};
use es_runtime::testing::conformance::{self as rules, ReopeningRule, Rule, SharingRule, Store, Way};
use es_runtime::{Error, Version};
use uuid::Uuid;

use crate::harness::Test;
use crate::postgres::Pooler;
use crate::server;

/// The promises of a level, with and without an executor.
pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (way, name) in [(Way::Waiting, "waiting"), (Way::Polled, "polled")] {
        add(&mut tests, ("process", name), way, of_process(), || recorder(&options()));
        add(&mut tests, ("snapshots", name), way, rules::snapshot_rules(), || snapshots(&options()));
        for ReopeningRule { name: rule, check } in reopening() {
            tests.push(Test::new(format!("conformance::process::{name}::{rule}"), move || {
                check(recorder(&options()), way, &reopened);
            }));
        }
        for ReopeningRule { name: rule, check } in rules::snapshot_reopening_rules() {
            tests.push(Test::new(format!("conformance::snapshots::{name}::{rule}"), move || {
                check(snapshots(&options()), way, &|old| {
                    drop::<PostgresSnapshots>(old);
                    snapshots(&last_options())
                });
            }));
        }
        for SharingRule { name: rule, check } in sharing() {
            tests.push(Test::new(format!("conformance::process::{name}::{rule}"), move || {
                let one = Store::new(recorder(&options()), way);
                let other = one.second(|_| recorder(&last_options()));
                check(&one, &other);
            }));
        }
    }
    let (waiting, polled) = ((Way::Waiting, "waiting"), (Way::Polled, "polled"));
    let mut add_all = |name, (way, way_name), make: fn() -> PostgresRecorder| {
        add(&mut tests, (name, way_name), way, of_process(), make);
    };
    add_all("own_names", waiting, || in_tables(&options(), &own_names()));
    add_all("one_connection", polled, || recorder(&options().connections(1)));
    add_all("second_application", waiting, second_application);
    add_all("serial_appends", polled, || recorder(&options().serial_appends()));
    tests
}

/// The promises through a pooler, which gives each transaction another session.
pub(crate) fn through_pooler() -> Vec<Test> {
    let mut tests = Vec::new();
    for Rule { name, check } in of_process() {
        tests.push(Test::new(format!("conformance::process::pooler::{name}"), move || {
            let pooler = server::pooler();
            SCHEMA.set(server::new_schema());
            check(&Store::new(recorder(&pooled(pooler)), Way::Waiting));
        }));
    }
    for Rule { name, check } in rules::snapshot_rules() {
        tests.push(Test::new(format!("conformance::snapshots::pooler::{name}"), move || {
            let pooler = server::pooler();
            SCHEMA.set(server::new_schema());
            check(&Store::new(snapshots(&pooled(pooler)), Way::Waiting));
        }));
    }
    tests
}

fn pooled(pooler: &Pooler) -> PostgresOptions {
    let options: PostgresOptions = pooler.uri().parse().unwrap();
    SCHEMA.with_borrow(|schema| options.through_pooler().schema(schema).unwrap().connections(4))
}

fn add<R: 'static>(
    tests: &mut Vec<Test>,
    (level, name): (&str, &str),
    way: Way,
    rules: Vec<Rule<R>>,
    make: fn() -> R,
) {
    tests.extend(rules.into_iter().map(|Rule { name: rule, check }| {
        Test::new(format!("conformance::{level}::{name}::{rule}"), move || check(&Store::new(make(), way)))
    }));
}

fn of_process<R: ProcessRecorder + KeyRecorder>() -> Vec<Rule<R>> {
    let mut all = rules::aggregate_rules();
    all.extend(rules::key_rules());
    all.extend(rules::application_rules());
    all.extend(rules::log_key_rules());
    all.extend(rules::tracking_rules());
    all.extend(rules::process_rules());
    all.extend(rules::process_key_rules());
    all
}

fn reopening<R>() -> Vec<ReopeningRule<R>>
where
    R: AggregateRecorder + KeyRecorder + ApplicationRecorder + TrackingRecorder + ProcessRecorder,
{
    let mut all = rules::aggregate_reopening_rules();
    all.extend(rules::key_reopening_rules());
    all.extend(rules::application_reopening_rules());
    all.extend(rules::tracking_reopening_rules());
    all.extend(rules::process_reopening_rules());
    all
}

fn sharing<R>() -> Vec<SharingRule<R>>
where
    R: AggregateRecorder + KeyRecorder + ApplicationRecorder + TrackingRecorder,
{
    let mut all = rules::aggregate_sharing_rules();
    all.extend(rules::key_sharing_rules());
    all.extend(rules::application_sharing_rules());
    all.extend(rules::tracking_sharing_rules());
    all
}

thread_local! {
    /// The schema of the test that this thread runs.
    static SCHEMA: RefCell<String> = const { RefCell::new(String::new()) };
}

fn options() -> PostgresOptions {
    SCHEMA.set(server::new_schema());
    last_options()
}

fn last_options() -> PostgresOptions {
    SCHEMA.with_borrow(|schema| server::in_schema(schema))
}

fn open(options: &PostgresOptions) -> Postgres {
    options.clone().open().unwrap()
}

fn recorder(options: &PostgresOptions) -> PostgresRecorder {
    in_tables(options, &Tables::default())
}

fn in_tables(options: &PostgresOptions, tables: &Tables) -> PostgresRecorder {
    open(options).recorder(tables).unwrap()
}

fn reopened(old: PostgresRecorder) -> PostgresRecorder {
    drop(old);
    recorder(&last_options())
}

fn snapshots(options: &PostgresOptions) -> PostgresSnapshots {
    let database = open(options);
    let first = Tables::with_prefix("first").unwrap();
    let snapshot = StoredEvent::new(Uuid::nil(), Version::from(2), "Topic", vec![7]).unwrap();
    database.snapshots(&first).unwrap().put(snapshot).wait().unwrap();
    database.snapshots(&Tables::default()).unwrap()
}

fn own_names() -> Tables {
    let tables = Tables::with_prefix("Bank").unwrap();
    tables.with_events(EventTable::sequenced_items("bank_Items").unwrap())
}

/// Opens a recorder in the database of another application, which has events, data keys and a forgotten aggregate, and
/// tracks the same upstream.
fn second_application() -> PostgresRecorder {
    let database = open(&options());
    fill(&database.recorder(&Tables::with_prefix("first").unwrap()).unwrap()).unwrap();
    database.recorder(&Tables::with_prefix("second").unwrap()).unwrap()
}

fn fill(recorder: &PostgresRecorder) -> Result<(), Error> {
    let events = (0..5)
        .map(|number| StoredEvent::new(Uuid::nil(), Version::from(number), "Topic", vec![7]))
        .collect::<Result<Vec<_>, _>>()?;
    let reached = Mark::new(Position::new(1_000).unwrap(), CommitId::new());
    let step = Step::new(Cursor::new("reader", "up")?, None, reached)?;
    let key = StoredKey::new(Uuid::nil(), DataKeyId::random(), vec![7]);
    recorder.append_tracked(Commit::new(events).with_keys(vec![key]), step).wait()?;
    let notice = StoredEvent::new(Uuid::max(), Version::from(1), "Topic.Forgotten", vec![7])?;
    recorder.forget(Uuid::max(), Commit::new(vec![notice])).wait()?;
    recorder.append(Commit::new(Vec::new())).wait().map(drop)
}
