//! New rows take the place of old ones.

use std::future::IntoFuture;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Waker};
use std::thread;

use es_runtime::projection::{BatchSize, OnChange};
use es_runtime::view::postgres::{Schema, SchemaView, Tx};
use es_runtime::view::{Object, OpenView, Result, View};
use es_runtime::{ErrorKind, Id, Wait, projection};

use super::{Balances, LONG, Stage, account, options};
use crate::account::{Account, Deposited, Opened};
use crate::server;

/// The balances, counted double: code of another release.
struct Doubled;

#[projection(Account, name = "Balances", ..)]
impl Doubled {
    const TABLES: &str =
        "CREATE TABLE balances (cents numeric NOT NULL, id uuid PRIMARY KEY, owner text NOT NULL);
                          CREATE VIEW rich AS SELECT owner FROM balances WHERE cents > 10";

    #[event]
    async fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES (0, $1, $2)", &[&id, &event.owner]).await
    }

    #[event]
    async fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        let add = "UPDATE balances SET cents = cents + 2 * $2::bigint WHERE id = $1";
        tx.run_one(add, &[&id, &event.amount]).await
    }
}

pub(crate) fn a_rebuild_takes_the_place_of_the_rows_while_writers_save_and_readers_read() {
    let stage = Stage::new();
    let owners: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for owner in &owners {
        account(&stage.app, owner, &[1; 5]);
    }
    let balances = stage.app.project(Balances).in_schema(stage.schema()).start().wait().unwrap();
    balances.caught_up().within(LONG).wait().unwrap();
    let is_over = AtomicBool::new(false);
    let saved = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (mut ann, mut saved) = (account(&stage.app, "Ann", &[]), 0);
            while !is_over.load(Ordering::SeqCst) {
                ann.deposit(1);
                stage.app.save(&mut ann).wait().unwrap();
                saved += 1;
            }
            saved
        });
        let reader = scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let seen = stage.rows();
                assert!(owners.iter().all(|owner| seen.get(owner) == Some(&5)), "a reader sees {seen:?}");
            }
        });
        for _ in 0..3 {
            let size = BatchSize::new().events(50);
            let rebuilt = stage.app.project(Balances).batch(size).in_schema(stage.schema()).rebuild().wait();
            rebuilt.unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        reader.join().unwrap();
        writer.join().unwrap()
    });
    balances.caught_up().within(LONG).wait().unwrap();
    assert_eq!(stage.rows()["Ann"], saved, "no event is lost or taken twice");
    // Another release rebuilds; the earlier one ends, and writes nothing more.
    let doubled = stage.app.project(Doubled).on_change(OnChange::Rebuild).in_schema(stage.schema());
    let doubled = doubled.start().wait().unwrap();
    account(&stage.app, "Bob", &[6]);
    doubled.caught_up().within(LONG).wait().unwrap();
    assert_eq!(stage.rows()["Ann"], 2 * saved);
    assert_eq!(stage.rows()["Bob"], 12);
    let error = balances.caught_up().within(LONG).wait().unwrap_err();
    assert!(error.to_string().contains("are now those of another release"), "{error}");
    let rich = server::by_hand(&format!("SELECT owner FROM {}.rich WHERE owner = 'Bob'", stage.view));
    assert_eq!(rich, ["Bob"]);
}

pub(crate) fn a_second_rebuild_is_refused_until_the_first_one_ends() {
    let stage = Stage::new();
    account(&stage.app, "Ann", &[1, 2]);
    let project = || stage.app.project(Balances).in_schema(stage.schema());
    project().start().wait().unwrap().drain().wait().unwrap();
    let ((announce, announced), (release, released)) = (channel(), channel::<()>());
    let both = Mutex::new((announce, released));
    let hold_up = move |_| {
        let (announce, released) = &*both.lock().unwrap();
        let _ = announce.send(());
        let _ = released.recv();
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| project().rebuild().on_progress(hold_up).wait());
        announced.recv_timeout(LONG).unwrap();
        for refused in [project().rebuild().wait(), project().clear_rebuild().wait()] {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InProgress, "{error}");
        }
        drop(release);
        first.join().unwrap().unwrap();
    });
    assert_eq!(stage.rows()["Ann"], 3);
    // The next ones begin at once.
    project().rebuild().wait().unwrap();
    project().clear_rebuild().wait().unwrap();
    // The session of a killed process ends, and so does that of a dropped future.
    let mut dropped = project().rebuild().into_future();
    assert!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(dropped);
    project().rebuild().wait().unwrap();
    assert_eq!(stage.rows()["Ann"], 3);
}

/// The objects of a projection: some need each other, and some belong to others.
const TABLES: &str = "
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE DOMAIN cents AS bigint CHECK (VALUE < 1000000);
    CREATE SEQUENCE numbers;
    CREATE FUNCTION twice(of cents) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT of * 2';
    CREATE TABLE owners (number bigserial PRIMARY KEY, name text UNIQUE, mood mood NOT NULL DEFAULT 'good');
    CREATE TABLE balances (
        id bigint GENERATED ALWAYS AS IDENTITY, owner bigint REFERENCES owners, cents cents,
        doubled bigint GENERATED ALWAYS AS (twice(cents)) STORED, of bigint DEFAULT nextval('numbers'));
    CREATE INDEX ON balances (cents);
    ALTER TABLE owners ADD COLUMN best bigint;
    CREATE VIEW rich AS SELECT name, doubled FROM balances JOIN owners ON owner = number;
    CREATE MATERIALIZED VIEW known AS SELECT * FROM rich;
    CREATE FUNCTION of_row(of balances) RETURNS bigint LANGUAGE sql AS 'SELECT (of).doubled';
    CREATE VIEW richer AS SELECT of_row(balances) FROM balances;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
    CREATE TRIGGER touched BEFORE INSERT ON balances FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TABLE parts (at int) PARTITION BY RANGE (at);
    CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);";

const ADD: &str = "INSERT INTO owners (name) VALUES ($1)";
const SUM: &str = "SELECT count(*) FROM owners JOIN balances ON owner = number";

struct Place {
    name: String,
    schema: Schema,
}

impl Place {
    fn new() -> Self {
        let name = server::new_schema();
        Self { schema: Schema::new(options(&name), &name).unwrap(), name }
    }

    fn all(&self) -> Vec<String> {
        server::by_hand(&format!(
            "SELECT relkind::text || ' ' || relname FROM pg_class WHERE relnamespace = '{}'::regnamespace ORDER BY 1",
            self.name
        ))
    }
}

/// Makes the objects, and a row with this name.
fn make(schema: &Schema, tables: &str, name: &str) -> (SchemaView, Vec<Object>) {
    let mut view = schema.open().wait().unwrap();
    view.begin().wait().unwrap();
    let made = view.run(tables).wait().unwrap();
    view.tx().run(ADD, &[&name]).wait().unwrap();
    view.tx().run("INSERT INTO balances (owner, cents) SELECT number, 5 FROM owners", &[]).wait().unwrap();
    view.put("place", name).wait().unwrap();
    view.commit().wait().unwrap();
    (view, made)
}

pub(crate) fn statements_tell_what_they_made() {
    let place = Place::new();
    let (mut view, made) = make(&place.schema, TABLES, "old");
    let count = |kind: &str| made.iter().filter(|object| object.kind == kind).count();
    let kinds = ["table", "view", "materialized view", "sequence", "type", "routine"];
    assert_eq!(kinds.map(count), [4, 2, 1, 3, 2, 3], "{made:?}");
    assert!(made.contains(&Object { kind: "routine".into(), name: "twice(cents)".into() }), "{made:?}");
    view.begin().wait().unwrap();
    let more = view.run("CREATE TABLE another ()").wait().unwrap();
    assert_eq!(more, [Object { kind: "table".into(), name: "another".into() }]);
}

pub(crate) fn new_objects_take_the_place_of_the_old_ones() {
    let place = Place::new();
    let (mut view, old) = make(&place.schema, TABLES, "old");
    // Another projection has a table in the schema; and others may read.
    let reader = format!("{}_reader", place.name);
    server::by_hand(&format!(
        "CREATE ROLE {reader}; CREATE TABLE {0}.of_another (); GRANT USAGE ON SCHEMA {0} TO {reader};
         GRANT SELECT ON {0}.balances, {0}.rich TO {reader}; GRANT UPDATE ON {0}.balances TO PUBLIC",
        place.name
    ));
    let before = place.all();
    // A process that keeps statements of the old tables.
    let mut other = place.schema.open().wait().unwrap();
    other.begin().wait().unwrap();
    other.tx().rows("SELECT * FROM owners", &[]).wait().unwrap();
    other.tx().run(ADD, &[&"other"]).wait().unwrap();
    other.roll_back().wait().unwrap();

    let beside = place.schema.beside().unwrap();
    place.schema.clear().wait().unwrap();
    let (new_rows, new) =
        make(&beside, &TABLES.replace("ADD COLUMN best bigint", "ADD COLUMN best text"), "new");
    drop(new_rows);
    assert_eq!(old, new);
    place.schema.link(&mut view).wait().unwrap();
    for ends_well in [false, true] {
        view.begin().wait().unwrap();
        place.schema.replace(&mut view, &old, &new).wait().unwrap();
        view.put("place", "replaced").wait().unwrap();
        if ends_well {
            view.commit().wait().unwrap();
        } else {
            view.roll_back().wait().unwrap();
        }
        let names = server::by_hand(&format!("SELECT name FROM {}.rich", place.name));
        assert_eq!(names, [if ends_well { "new" } else { "old" }]);
    }
    assert_eq!(place.all(), before);
    place.schema.clear().wait().unwrap();
    assert_eq!(place.all(), before, "nothing of the new rows goes with the schema beside");
    let left = server::by_hand(&format!("SELECT to_regnamespace('{}_rebuild') IS NULL", place.name));
    assert_eq!(left, ["t"]);
    // The defaults, the trigger, the identity and the partition work; the rights are there.
    server::by_hand(&format!(
        "SET search_path TO {}; INSERT INTO balances (owner, cents) SELECT number, 7 FROM owners; INSERT INTO parts VALUES (1)",
        place.name
    ));
    let rights = server::by_hand(&format!(
        "SELECT concat(has_table_privilege('{reader}', '{0}.balances', 'SELECT'), \
         has_table_privilege('{reader}', '{0}.rich', 'SELECT'), has_table_privilege('{reader}', '{0}.balances', 'UPDATE'), \
         has_table_privilege('{reader}', '{0}.owners', 'SELECT'))",
        place.name
    ));
    assert_eq!(rights, ["tttf"]);
    // The statements that only change rows go on; one with other columns is prepared anew after an error that passes.
    other.begin().wait().unwrap();
    other.tx().run(ADD, &[&"other"]).wait().unwrap();
    other.put("place", "other").wait().unwrap();
    other.commit().wait().unwrap();
    other.begin().wait().unwrap();
    let error = other.tx().rows("SELECT * FROM owners", &[]).wait().unwrap_err();
    assert!(SchemaView::passing(&error).is_some_and(|error| error.is_transient()), "{error}");
    let mut other = place.schema.open().wait().unwrap();
    other.begin().wait().unwrap();
    assert_eq!(other.tx().rows("SELECT * FROM owners", &[]).wait().unwrap().len(), 2);
    assert_eq!(other.tx().rows(SUM, &[]).wait().unwrap()[0].get::<_, i64>(0), 2);
    drop(other);
    server::by_hand(&format!("DROP OWNED BY {reader}; DROP ROLE {reader}"));
}

pub(crate) fn tables_that_others_need_stay_and_refuse() {
    let place = Place::new();
    let (mut view, old) = make(&place.schema, TABLES, "old");
    server::by_hand(&format!("CREATE VIEW {0}.of_another AS SELECT * FROM {0}.owners", place.name));
    let (new_rows, new) = make(&place.schema.beside().unwrap(), TABLES, "new");
    drop(new_rows);
    view.begin().wait().unwrap();
    let error = place.schema.replace(&mut view, &old, &new).wait().unwrap_err();
    assert!(!error.is_transient() && error.to_string().contains("depend"), "{error}");
    view.roll_back().wait().unwrap();
    assert_eq!(server::by_hand(&format!("SELECT name FROM {}.of_another", place.name)), ["old"]);
}

pub(crate) fn what_cannot_be_moved_is_refused_and_not_lost() {
    let tables =
        "CREATE COLLATION own (locale = 'C'); CREATE TABLE owners (name text COLLATE own, number serial);
                  CREATE TABLE balances (owner int, cents int)";
    let place = Place::new();
    let (mut view, old) = make(&place.schema, tables, "old");
    let (new_rows, new) = make(&place.schema.beside().unwrap(), tables, "new");
    drop(new_rows);
    view.begin().wait().unwrap();
    let error = place.schema.replace(&mut view, &old, &new).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("need the collation"), "{error}");
}

pub(crate) fn a_schema_of_somebody_else_is_not_cleared() {
    let place = Place::new();
    place.schema.clear().wait().unwrap();
    let beside = format!("{}_rebuild", place.name);
    server::by_hand(&format!("CREATE SCHEMA {beside}; CREATE TABLE {beside}.treasure ()"));
    let error = place.schema.clear().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    server::by_hand(&format!("SELECT * FROM {beside}.treasure; DROP SCHEMA {beside} CASCADE"));
}
