//! The asynchronous half: a projection pulls the log, and keeps its place in the log beside the rows.
//!
//! The table is that of the synchronous half. No code here notices or mends a missed event, since none is missed.

use std::path::Path;
use std::time::Duration;

use es_runtime::view::sqlite::Tx;
use es_runtime::view::{BoxError, Result};
use es_runtime::{Application, ErrorKind, Id, Version, Wait, projection};
use rusqlite::{Connection, OptionalExtension};

use crate::account::{Account, Deposited, Opened};

/// The time that a caller waits for the view.
const SOON: Duration = Duration::from_secs(5);

/// Balances by account.
pub(crate) struct Balances;

#[projection(Account, ignore = [discarded])]
impl Balances {
    const TABLES: &str = "CREATE TABLE balances (account BLOB PRIMARY KEY, version INTEGER NOT NULL, balance INTEGER NOT NULL) STRICT";

    #[event]
    fn opened(_: &Opened, id: Id<Account>, version: Version, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES (?1, ?2, 0)", (id, version))
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, version: Version, tx: &Tx) -> Result {
        let add = "UPDATE balances SET version = ?2, balance = balance + ?3 WHERE account = ?1";
        tx.run_one(add, (id, version, event.amount))
    }
}

pub(crate) fn balance(view: &Path, id: Id<Account>) -> Result<Option<i64>> {
    let balance = "SELECT balance FROM balances WHERE account = ?1";
    Ok(Connection::open(view)?.query_row(balance, [id], |row| row.get(0)).optional()?)
}

pub(crate) fn run() -> std::result::Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let view = folder.path().join("balances.db");
    let app = Application::open("sqlite::memory:").wait()?;
    let balances = app.project(Balances).in_file(&view).start().wait()?;

    // A save does not wait for the view. A caller that reads its own write does.
    let mut account = Account::open();
    account.deposit(10);
    let receipt = app.save(&mut account).wait()?;
    balances.reached(&receipt).within(SOON).wait()?;
    assert_eq!(balance(&view, account.id())?, Some(10));

    // A view that fails ends the projection before the event, and fails no save.
    Connection::open(&view)?.execute_batch("ALTER TABLE balances RENAME TO elsewhere")?;
    account.deposit(5);
    let receipt = app.save(&mut account).wait()?;
    let failed = balances.reached(&receipt).within(SOON).wait().expect_err("the table is away");
    println!("{failed}");
    assert_ne!(failed.kind(), ErrorKind::Timeout);
    account.deposit(1);
    let receipt = app.save(&mut account).wait()?;

    // The next start goes on from the place of the view: the row needs no mending.
    Connection::open(&view)?.execute_batch("ALTER TABLE elsewhere RENAME TO balances")?;
    let balances = app.project(Balances).in_file(&view).start().wait()?;
    balances.reached(&receipt).within(SOON).wait()?;
    assert_eq!(balance(&view, account.id())?, Some(16));
    balances.stop().wait()?;
    Ok(())
}
