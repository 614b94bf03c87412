//! The promises of an open view, without a projection.

use std::time::Duration;

use es_runtime::recorder::PostgresOptions;
use es_runtime::view::postgres::{Schema, SchemaView};
use es_runtime::view::{BoxError, OpenView, View};
use es_runtime::wait::timeout;
use es_runtime::{ErrorKind, Wait};

use super::{LONG, options};
use crate::proxy::{Cut, Proxy};
use crate::server;

fn schema() -> Schema {
    let name = server::new_schema();
    Schema::new(options(&name), &name).unwrap()
}

fn set(view: &mut SchemaView, key: &str, value: &str) {
    view.begin().wait().unwrap();
    view.put(key, value).wait().unwrap();
    view.commit().wait().unwrap();
}

fn value(view: &mut SchemaView, key: &str) -> Option<String> {
    view.begin().wait().unwrap();
    let found = view.get(key).wait().unwrap();
    view.roll_back().wait().unwrap();
    found
}

pub(crate) fn keys_are_kept_listed_and_removed() {
    let mut view = schema().open().wait().unwrap();
    view.begin().wait().unwrap();
    for key in ["b/2", "b/10", "b%", "a", "b/É", "c"] {
        view.put(key, &format!("of {key}")).wait().unwrap();
    }
    view.put("b/2", "another").wait().unwrap();
    view.remove("b/10").wait().unwrap();
    view.commit().wait().unwrap();
    view.begin().wait().unwrap();
    let listed = view.list("b/").wait().unwrap();
    assert_eq!(listed, [("b/2".to_owned(), "another".to_owned()), ("b/É".to_owned(), "of b/É".to_owned())]);
    assert_eq!(view.list("none").wait().unwrap(), []);
    view.remove("a").wait().unwrap();
    view.roll_back().wait().unwrap();
    assert_eq!(value(&mut view, "a").as_deref(), Some("of a"));
    assert_eq!(value(&mut view, "none"), None);
}

pub(crate) fn of_two_transactions_with_one_key_the_second_waits() {
    let schema = schema();
    let (mut one, mut two) = (schema.open().wait().unwrap(), schema.open().wait().unwrap());
    set(&mut one, "place", "1");
    one.begin().wait().unwrap();
    assert_eq!(one.get("place").wait().unwrap().as_deref(), Some("1"));
    two.begin().wait().unwrap();
    let mut waiting = Box::pin(async { two.get("place").await.unwrap() });
    assert!(timeout(Duration::from_millis(300), waiting.as_mut()).wait().is_err(), "it does not wait");
    one.put("place", "2").wait().unwrap();
    one.commit().wait().unwrap();
    let found = timeout(LONG, waiting).wait().expect("it goes on");
    assert_eq!(found.as_deref(), Some("2"), "it sees what the first one committed");
}

pub(crate) fn a_key_that_was_removed_and_set_again_is_found_by_who_waited() {
    let schema = schema();
    let (mut one, mut two) = (schema.open().wait().unwrap(), schema.open().wait().unwrap());
    set(&mut one, "place", "1");
    one.begin().wait().unwrap();
    one.remove("place").wait().unwrap();
    one.put("place", "2").wait().unwrap();
    assert_eq!(one.get("place").wait().unwrap().as_deref(), Some("2"));
    two.begin().wait().unwrap();
    let mut waiting = Box::pin(async { two.get("place").await.unwrap() });
    assert!(timeout(Duration::from_millis(300), waiting.as_mut()).wait().is_err(), "it does not wait");
    one.commit().wait().unwrap();
    assert_eq!(timeout(LONG, waiting).wait().expect("it goes on").as_deref(), Some("2"));
}

pub(crate) fn of_two_transactions_that_find_nothing_the_second_waits() {
    let schema = schema();
    let (mut one, mut two) = (schema.open().wait().unwrap(), schema.open().wait().unwrap());
    one.begin().wait().unwrap();
    assert!(one.list("place/").wait().unwrap().is_empty());
    two.begin().wait().unwrap();
    let mut waiting = Box::pin(async { two.list("place/").await.unwrap() });
    assert!(timeout(Duration::from_millis(300), waiting.as_mut()).wait().is_err(), "it does not wait");
    one.put("place/1", "made").wait().unwrap();
    one.commit().wait().unwrap();
    assert_eq!(timeout(LONG, waiting).wait().expect("it goes on").len(), 1);
}

pub(crate) fn a_process_that_stops_within_a_transaction_holds_nobody_up() {
    let name = server::new_schema();
    let schema = Schema::new(options(&name).timeout(Duration::from_millis(500)), &name).unwrap();
    let (mut silent, mut other) = (schema.open().wait().unwrap(), schema.open().wait().unwrap());
    set(&mut other, "place", "1");
    silent.begin().wait().unwrap();
    silent.get("place").wait().unwrap();
    // The first attempt may wait for as long as a statement may take.
    let found = (0..20).find_map(|_| {
        other.begin().wait().unwrap();
        let found = other.get("place").wait();
        other.roll_back().wait().unwrap();
        found.inspect_err(|error| assert_eq!(error.kind(), ErrorKind::Timeout, "{error}")).ok()
    });
    assert_eq!(found.expect("the silent transaction was ended").as_deref(), Some("1"));
    let error = silent.put("place", "2").wait().and_then(|()| silent.commit().wait()).unwrap_err();
    assert!(error.is_transient(), "{error}");
}

pub(crate) fn nothing_of_public_is_seen() {
    let name = server::new_schema();
    server::by_hand(&format!("CREATE TABLE IF NOT EXISTS public.{name} (number int)"));
    let mut view = Schema::new(options(&name), &name).unwrap().open().wait().unwrap();
    view.begin().wait().unwrap();
    let error = view.tx().rows(&format!("SELECT * FROM {name}"), &[]).wait().unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
    view.roll_back().wait().unwrap();
    view.begin().wait().unwrap();
    view.tx().rows(&format!("SELECT * FROM public.{name}"), &[]).wait().unwrap();
}

pub(crate) fn statements_on_their_way_together_keep_their_order() {
    let mut view = schema().open().wait().unwrap();
    view.begin().wait().unwrap();
    view.run("CREATE TABLE numbers (number bigint PRIMARY KEY, at bigserial)").wait().unwrap();
    for number in 0..1_000_i64 {
        let (add, take) = ("INSERT INTO numbers VALUES ($1)", "DELETE FROM numbers WHERE number = $1");
        view.tx().run_one(add, &[&number]).wait().unwrap();
        if number % 100 == 0 {
            let rows =
                view.tx().rows("SELECT count(*) FROM numbers WHERE number = $1", &[&number]).wait().unwrap();
            assert_eq!(rows[0].get::<_, i64>(0), 1, "a query sees the statements before it");
            view.tx().run_one(take, &[&number]).wait().unwrap();
        }
    }
    view.put("place", "1").wait().unwrap();
    view.commit().wait().unwrap();
    let in_order = "SELECT count(*), bool_and(number = at - 1) FROM numbers";
    view.begin().wait().unwrap();
    let rows = view.tx().rows(in_order, &[]).wait().unwrap();
    assert_eq!((rows[0].get::<_, i64>(0), rows[0].get::<_, bool>(1)), (990, true));
}

pub(crate) fn a_late_error_is_found_before_the_commit() {
    let schema = schema();
    let mut view = schema.open().wait().unwrap();
    view.begin().wait().unwrap();
    view.run("CREATE TABLE numbers (number bigint PRIMARY KEY)").wait().unwrap();
    view.commit().wait().unwrap();
    view.begin().wait().unwrap();
    // The error of the statement is lost within the savepoint: the transaction itself is well.
    view.tx().batch_execute("SAVEPOINT own").wait().unwrap();
    for _ in 0..2 {
        view.tx().run("INSERT INTO numbers VALUES (1)", &[]).wait().unwrap();
    }
    view.tx().batch_execute("ROLLBACK TO own").wait().unwrap();
    view.put("place", "1").wait().unwrap();
    let error = view.commit().wait().unwrap_err();
    assert!(error.to_string().contains("duplicate key"), "{error}");
    view.roll_back().wait().unwrap();
    assert_eq!(value(&mut view, "place"), None);
    // With a point, the handler gets the error at once, and may go on.
    view.begin().wait().unwrap();
    view.save_point().wait().unwrap();
    view.tx().batch_execute("SAVEPOINT own").wait().unwrap();
    view.tx().run("INSERT INTO numbers VALUES (1)", &[]).wait().unwrap();
    assert!(view.tx().run("INSERT INTO numbers VALUES (1)", &[]).wait().is_err());
    view.tx().batch_execute("ROLLBACK TO own").wait().unwrap();
    view.put("place", "1").wait().unwrap();
    view.commit().wait().unwrap();
    assert_eq!(value(&mut view, "place").as_deref(), Some("1"));
}

pub(crate) fn a_commit_whose_answer_is_lost_is_of_unknown_outcome() {
    let name = server::new_schema();
    let proxy = Proxy::new(server::host());
    let through: PostgresOptions = server::at(Some(proxy.port), None);
    let mut view = Schema::new(through, &name).unwrap().open().wait().unwrap();
    let mut direct = Schema::new(options(&name), &name).unwrap().open().wait().unwrap();
    view.begin().wait().unwrap();
    view.save_point().wait().unwrap();
    view.put("place", "1").wait().unwrap();
    proxy.cut(Cut::AfterAnyAnswer);
    let error = view.commit().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    assert_eq!(value(&mut direct, "place").as_deref(), Some("1"), "it took place");
}

pub(crate) fn errors_that_pass_are_told_from_those_of_handlers() {
    let name = server::new_schema();
    let mut view = Schema::new(options(&name).timeout(Duration::from_millis(500)), &name)
        .unwrap()
        .open()
        .wait()
        .unwrap();
    let mut failed = |statement: &str, careful: bool| -> BoxError {
        view.begin().wait().unwrap();
        if careful {
            view.save_point().wait().unwrap();
        }
        let error = view.tx().run(statement, &[]).wait().unwrap_err();
        view.roll_back().wait().unwrap();
        error
    };
    let raise =
        |code: &str| format!("DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END $$");
    for code in ["40001", "40P01", "08006", "53200", "53100", "55P03", "57014", "57P03", "25006"] {
        let error = failed(&raise(code), true);
        let passing = SchemaView::passing(&error).unwrap_or_else(|| panic!("{code} does not pass"));
        assert!(passing.is_transient(), "{code}");
    }
    for code in ["23505", "22012", "42P01", "40002", "0A000", "P0001"] {
        assert!(SchemaView::passing(&failed(&raise(code), true)).is_none(), "{code} passes");
    }
    assert!(SchemaView::passing(&failed("SELECT pg_sleep(5)", true)).is_some());
    assert!(SchemaView::passing(&failed("SELECT $1", false)).is_none());
    let wrapped: BoxError = format!("{}", failed(&raise("40001"), true)).into();
    assert!(SchemaView::passing(&wrapped).is_none(), "a text says nothing");
}

pub(crate) fn errors_of_statements_quote_no_values() {
    let mut view = schema().open().wait().unwrap();
    for (value, kind, said) in [
        ("of Ann", "date", "invalid input syntax for type date: .. (22007), in: SELECT $1::text::date"),
        ("Ann \"the\" Ann", "uuid", "invalid input syntax for type uuid: .. (22P02)"),
        ("111111111111", "int", "value \"..\" is out of range for type integer (22003)"),
        ("(Ann", "point", "invalid input syntax for type point: .. (22P02)"),
    ] {
        view.begin().wait().unwrap();
        let error = view.tx().rows(&format!("SELECT $1::text::{kind}"), &[&value]).wait().unwrap_err();
        let (shown, debug) = (error.to_string(), format!("{error:?}"));
        assert!(shown.contains(said), "{shown}");
        assert!(
            !["Ann", "1111"].iter().any(|value| shown.contains(value) || debug.contains(value)),
            "{debug}"
        );
        view.roll_back().wait().unwrap();
    }
}
