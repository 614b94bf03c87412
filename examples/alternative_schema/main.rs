//! An alternative schema: a table and columns with names of your own.

use es_runtime::mapper::Mapper;
use es_runtime::recorder::{ColumnType, EventTable, Tables};
use es_runtime::{Application, Error, Metadata, Wait, aggregate, mutator};

#[aggregate]
#[derive(Debug)]
struct Account {
    #[attribute]
    owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    fn open(owner: String) -> Self {
        Self { owner }
    }
}

fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("bank.db");

    // In the order id, version, topic, state. `EventTable::sequenced_items` is another set of names.
    let columns = ["aggregate_id", "aggregate_version", "event_type", "event_data"];
    let history = EventTable::with_columns("bank_history", columns)?;
    // One more column for the queries of other programs: the actor.
    let history = history.with_column("actor", ColumnType::Text)?;
    let tables = Tables::with_prefix("bank")?.with_events(history);
    let mapper = Mapper::new().with_column("actor", |event| event.metadata().actor().into());
    let uri = format!("sqlite:{}", file.display());
    let app = Application::builder(uri).tables(tables).mapper(mapper).open().wait()?;
    let app = app.with_metadata(Metadata::new().with_actor("clerk 7"));

    // Create, read, update and delete work as before.
    let mut account = Account::open("Ann".into());
    let id = account.id();
    app.save(&mut account).wait()?;
    assert!(app.contains(id).wait()?);
    assert_eq!(app.get(id).wait()?.owner, "Ann");
    account.set_owner("Anna".into());
    app.save(&mut account).wait()?;
    assert_eq!(app.get(id).wait()?.owner, "Anna");
    app.save(&mut account.discard()).wait()?;
    assert!(!app.contains(id).wait()?);
    app.close();

    for row in rows(&file).expect("SQLite reads what was stored") {
        println!("{row}");
    }
    Ok(())
}

/// Reads the table as any other program does.
fn rows(file: &std::path::Path) -> rusqlite::Result<Vec<String>> {
    let database = rusqlite::Connection::open(file)?;
    let mut select = database.prepare(
        "SELECT aggregate_version, event_type, CAST(event_data AS TEXT) FROM bank_history ORDER BY 1",
    )?;
    let text = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        Ok(format!("{} {} {}", row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    };
    let rows = select.query_map([], text)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let topics: Vec<_> = rows.iter().filter_map(|row| row.split(' ').nth(1)).collect();
    assert_eq!(topics, ["Account.Opened", "Account.AttributeChanged", "Account.Discarded"]);
    let by_clerk =
        database.query_row("SELECT count(*) FROM bank_history WHERE actor = 'clerk 7'", [], |row| {
            row.get::<_, i64>(0)
        })?;
    assert_eq!(by_clerk, 3);
    Ok(rows)
}

#[test]
fn the_example_runs() {
    assert!(main().is_ok());
}
