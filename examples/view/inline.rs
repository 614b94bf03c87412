//! Inline: the transaction that stores an event also changes the row. The projection is that of the asynchronous half.

use es_runtime::view::{BoxError, Result};
use es_runtime::{Application, ErrorKind, Wait};

use crate::account::Account;
use crate::asynchronous::{Balances, balance};

pub(crate) fn run() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let bank = folder.path().join("bank.db");
    let app = Application::open_file(&bank).wait()?;
    let balances = app.project(Balances).inline()?.start().wait()?;

    // The row is there when the save returns.
    let mut account = Account::open();
    account.deposit(10);
    app.save(&mut account).wait()?;
    assert_eq!(balance(&bank, account.id())?, Some(10));

    // The store refuses an event that the view does not take. The event stays pending until the view is mended.
    let tables = rusqlite::Connection::open(&bank)?;
    tables.execute_batch("ALTER TABLE balances RENAME TO elsewhere")?;
    account.deposit(5);
    let refused = app.save(&mut account).wait().expect_err("the table is away");
    println!("{refused}");
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert_eq!(app.get(account.id()).wait()?.balance, 10);
    tables.execute_batch("ALTER TABLE elsewhere RENAME TO balances")?;
    app.save(&mut account).wait()?;
    assert_eq!(balance(&bank, account.id())?, Some(15));
    balances.stop().wait()?;
    Ok(())
}
