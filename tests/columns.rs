//! Columns of a user's own: the mapper fills them from events, other programs read them, and forgetting empties them.

use std::sync::Arc;

use es_runtime::mapper::{AesGcm, Key, Mapper};
use es_runtime::recorder::{
    AggregateRecorder, ColumnType, ColumnValue, Commit, EventTable, SqliteOptions, Tables,
};
use es_runtime::{Application, ErrorKind, Metadata, Wait};

use crate::account::open;

fn tables() -> Tables {
    let events = EventTable::stored_events("stored_events").unwrap();
    let events = events.with_column("tenant", ColumnType::Text).unwrap();
    Tables::default().with_events(events.with_column("amount", ColumnType::Integer).unwrap())
}

fn filling(mapper: Mapper) -> Mapper {
    mapper
        .with_column("amount", |event| event.field("amount"))
        .with_column("tenant", |event| event.metadata().get("tenant").into())
}

type Row = (String, Option<String>, Option<i64>);

fn rows(file: &std::path::Path) -> Vec<Row> {
    let database = rusqlite::Connection::open(file).unwrap();
    let mut rows =
        database.prepare("SELECT topic, tenant, amount FROM stored_events ORDER BY log_position").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn they_are_filled_where_there_is_something_to_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let uri = format!("sqlite:{}", file.display());
    let mapper = filling(Mapper::new());
    let app = Application::builder(&uri).tables(tables()).mapper(mapper).open().wait().unwrap();
    let mut account = open();
    account.deposit(10);
    app.save(&mut account).wait().unwrap();
    account.deposit(20);
    app.with_metadata(Metadata::new().with("tenant", "b")).save(&mut account).wait().unwrap();
    let topic = "Account.Deposited".to_owned();
    assert_eq!(
        rows(&file),
        [
            ("Account.Opened".to_owned(), None, None),
            (topic.clone(), None, Some(10)),
            (topic, Some("b".to_owned()), Some(20))
        ]
    );
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 30);
}

#[test]
fn they_are_added_to_a_table_that_lacks_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let uri = format!("sqlite:{}", file.display());
    let mut account = open();
    let app = Application::open(&uri).wait().unwrap();
    app.save(&mut account).wait().unwrap();
    app.close();
    let mapper = || filling(Mapper::new());
    // A program that only reads does not add columns.
    let reading = Application::builder(format!("{uri}?mode=ro")).tables(tables()).open().wait();
    let error = reading.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("lacks the column"), "{error}");
    let app = Application::builder(&uri).tables(tables()).mapper(mapper()).open().wait().unwrap();
    account.deposit(5);
    app.save(&mut account).wait().unwrap();
    assert_eq!(rows(&file).into_iter().map(|row| row.2).collect::<Vec<_>>(), [None, Some(5)]);
    // A program that knows nothing of the columns goes on.
    let app = Application::open(&uri).wait().unwrap();
    account.deposit(6);
    app.save(&mut account).wait().unwrap();
    assert_eq!(app.get(account.id()).wait().unwrap().balance, 11);
    assert_eq!(rows(&file).into_iter().map(|row| row.2).collect::<Vec<_>>(), [None, Some(5), None]);
}

#[test]
fn a_column_that_no_table_has_is_refused_at_the_start() {
    let app = Application::builder("sqlite::memory:").mapper(filling(Mapper::new())).open().wait();
    let error = app.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("fills a column `amount`"), "{error}");
    let twice = EventTable::stored_events("events").unwrap().with_column("Topic", ColumnType::Text);
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Config);
    let fixed = EventTable::stored_events("events").unwrap().with_column("commit_id", ColumnType::Text);
    assert_eq!(fixed.unwrap_err().kind(), ErrorKind::Config);
    let no_name = EventTable::stored_events("events").unwrap().with_column("a b", ColumnType::Text);
    assert_eq!(no_name.unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn forgetting_erases_the_columns_of_the_aggregate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let mapper = filling(Mapper::new().with_data_keys(AesGcm::new(&Key::generate(256).unwrap())));
    let app = Application::builder(format!("sqlite:{}", file.display())).tables(tables()).mapper(mapper);
    let app = app.open().wait().unwrap();
    let app = app.with_metadata(Metadata::new().with("tenant", "an unmistakable tenant"));
    let (mut gone, mut stays) = (open(), open());
    gone.deposit(1);
    stays.deposit(2);
    app.save((&mut gone, &mut stays)).wait().unwrap();
    let found = || {
        let files = ["bank.db", "bank.db-wal"]
            .map(|name| std::fs::read(folder.path().join(name)).unwrap_or_default());
        files.concat().windows(22).filter(|window| window == b"an unmistakable tenant").count()
    };
    assert!(found() >= 4);
    app.forget(gone.id()).wait().unwrap();
    assert_eq!(found(), 2, "only those of the other aggregate are left");
    assert_eq!(
        rows(&file).into_iter().map(|row| row.2).collect::<Vec<_>>(),
        [None, None, None, Some(2), None]
    );
}

#[test]
fn a_value_is_what_the_event_says() {
    let mapper = Mapper::new()
        .with_column("owner", |event| event.field("owner"))
        .with_column("topic", |event| event.topic().into())
        .with_column("version", |event| event.envelope().version().get().cast_signed().into())
        .with_column("nothing", |event| event.field("nothing"))
        .with_column("length", |event| event.data()["owner"].as_str().map_or(0.5, |_| 1.5).into());
    let row = mapper.encode(&open().pending()[0]).unwrap();
    let value = |name: &str| row.columns.get(name).cloned();
    assert_eq!(value("owner"), Some("Ann".into()));
    assert_eq!(value("topic"), Some("Account.Opened".into()));
    assert_eq!(value("version"), Some(1.into()));
    assert_eq!(value("nothing"), Some(ColumnValue::Null));
    assert_eq!(value("length"), Some(ColumnValue::Real(1.5)));
}

#[test]
fn columns_of_another_program_are_emptied_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let uri = format!("sqlite:{}", file.display());
    let keyed = || Mapper::new().with_data_keys(AesGcm::new(&Key::from_bytes(&[7; 16]).unwrap()));
    let app = Application::builder(&uri).tables(tables()).mapper(filling(keyed())).open().wait().unwrap();
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("ALTER TABLE stored_events ADD COLUMN \"odd \"\" name\" TEXT DEFAULT 'odd'")
        .unwrap();
    let mut account = open();
    account.deposit(7);
    app.save(&mut account).wait().unwrap();
    // A program that knows nothing of the columns forgets.
    let other = Application::builder(&uri).mapper(keyed()).open().wait().unwrap();
    other.forget(account.id()).wait().unwrap();
    assert_eq!(rows(&file).into_iter().map(|row| row.2).collect::<Vec<_>>(), [None; 3]);
    let left = "SELECT count(*) FROM stored_events WHERE \"odd \"\" name\" IS NOT NULL";
    let left: i64 = rusqlite::Connection::open(&file).unwrap().query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_column_that_holds_something_else_is_found_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("sqlite:{}", folder.path().join("bank.db").display());
    let open = |of| {
        let events = EventTable::stored_events("stored_events").unwrap().with_column("amount", of).unwrap();
        Application::builder(&uri).tables(Tables::default().with_events(events)).open().wait()
    };
    open(ColumnType::Integer).unwrap();
    let error = open(ColumnType::Text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(
        error.to_string().contains("the column `amount`") && error.to_string().contains("INTEGER"),
        "{error}"
    );
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    let mapper = Mapper::new().with_column("amount", |_| "much".into());
    let app = Application::builder("sqlite::memory:").tables(tables()).mapper(mapper).open().wait().unwrap();
    let error = app.save(&mut open()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("a column whose type differs"), "{error}");
    // A recorder without such columns shows the mistake when the first event comes.
    let sqlite = SqliteOptions::in_memory().open().unwrap().recorder(&Tables::default()).unwrap();
    let app = Application::on(Arc::new(sqlite)).mapper(filling(Mapper::new())).open().wait().unwrap();
    let error = app.save(&mut open()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("fills a column `amount`"), "{error}");
}

#[test]
fn an_index_of_ones_own_is_no_conflict_of_versions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let app = Application::builder(format!("sqlite:{}", file.display())).tables(tables());
    let app = app.mapper(filling(Mapper::new())).open().wait().unwrap();
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE UNIQUE INDEX own ON stored_events (amount)")
        .unwrap();
    let mut account = open();
    account.deposit(1);
    app.save(&mut account).wait().unwrap();
    account.deposit(1);
    let error = app.save(&mut account).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.as_conflict().is_none(), "{error}");
}

#[test]
fn a_repeated_commit_is_known_in_spite_of_an_index_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let recorder = SqliteOptions::file(&file).open().unwrap().recorder(&tables()).unwrap();
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE UNIQUE INDEX own ON stored_events (amount)")
        .unwrap();
    let mut account = open();
    account.deposit(5);
    let row = filling(Mapper::new()).encode(&account.pending()[1]).unwrap();
    let commit = Commit::new(vec![row.clone()]);
    let first = recorder.append(commit.clone()).wait().unwrap();
    assert_eq!(recorder.append(commit).wait().unwrap(), first);
    // The store still reports a conflict of versions as one.
    let error = recorder.append(Commit::new(vec![row.clone()])).wait().unwrap_err();
    assert!(error.as_conflict().is_some(), "{error}");
    let mut later = row;
    later.version = es_runtime::Version::from(9);
    assert_eq!(recorder.append(Commit::new(vec![later])).wait().unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn a_column_that_cannot_be_null_is_emptied_too_and_none_keeps_the_key() {
    let keyed = || Mapper::new().with_data_keys(AesGcm::new(&Key::from_bytes(&[7; 16]).unwrap()));
    for (add, is_emptied) in [
        ("region TEXT NOT NULL DEFAULT 'north'", true),
        ("region TEXT NOT NULL DEFAULT 'north' CHECK (region <> '')", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bank.db");
        let app =
            Application::builder(format!("sqlite:{}", file.display())).mapper(keyed()).open().wait().unwrap();
        let database = rusqlite::Connection::open(&file).unwrap();
        database.execute_batch(&format!("ALTER TABLE stored_events ADD COLUMN {add}")).unwrap();
        let mut account = open();
        app.save(&mut account).wait().unwrap();
        let forgotten = app.forget(account.id()).wait();
        assert_eq!(forgotten.is_ok(), is_emptied);
        if let Err(error) = forgotten {
            assert!(error.to_string().contains("is destroyed, but its rows"), "{error}");
        }
        assert_eq!(app.get(account.id()).wait().unwrap_err().kind(), ErrorKind::Forgotten);
        let left: String =
            database.query_row("SELECT region FROM stored_events", [], |row| row.get(0)).unwrap();
        assert_eq!(left.is_empty(), is_emptied);
    }
}

#[test]
fn a_number_with_a_fraction_leaves_a_column_for_whole_ones_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.db");
    let mapper = Mapper::new().with_column("amount", |_| 1.5.into());
    let app = Application::builder(format!("sqlite:{}", file.display())).tables(tables()).mapper(mapper);
    app.open().wait().unwrap().save(&mut open()).wait().unwrap();
    assert_eq!(rows(&file)[0].2, None);
}
