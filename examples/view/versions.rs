//! A view as a sequence: a row for each version of an account. A reader takes the newest.
//!
//! A writer adds its version and changes no other row, so a late one never overwrites newer state with older. The projection
//! deletes old versions later, behind its own place. A table that only the projection writes to needs none of this: the
//! projection handles the events of an account in their order.

use std::path::Path;
use std::time::Duration;

use es_runtime::view::sqlite::Tx;
use es_runtime::view::{BoxError, Result};
use es_runtime::{Application, Id, Version, Wait, projection};
use rusqlite::Connection;

use crate::account::{Account, Deposited, Opened};

/// The number of versions that the projection keeps of an account: at least the one from which it makes the next.
const KEPT: i64 = 3;

/// Balances by account and version.
struct Versions;

#[projection(Account, ignore = [discarded])]
impl Versions {
    const TABLES: &str = "CREATE TABLE versions (account BLOB, version INTEGER, balance INTEGER NOT NULL,
                                                 PRIMARY KEY (account, version)) STRICT, WITHOUT ROWID";

    #[event]
    fn opened(_: &Opened, id: Id<Account>, version: Version, tx: &Tx) -> Result {
        put(tx, id, i64::try_from(version.get())?, 0)
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, version: Version, tx: &Tx) -> Result {
        let version = i64::try_from(version.get())?;
        let before = "SELECT balance FROM versions WHERE account = ?1 AND version = ?2 - 1";
        let before: i64 = tx.query_row(before, (id, version), |row| row.get(0))?;
        put(tx, id, version, before + event.amount)?;
        tx.run("DELETE FROM versions WHERE account = ?1 AND version <= ?2 - ?3", (id, version, KEPT))
    }
}

/// Adds a version, unless another writer has added it.
fn put(view: &Connection, id: Id<Account>, version: i64, balance: i64) -> Result {
    view.execute("INSERT INTO versions VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", (id, version, balance))?;
    Ok(())
}

/// Returns the newest version of an account, and its balance.
fn newest(view: &Connection, id: Id<Account>) -> Result<(i64, i64)> {
    let newest = "SELECT version, balance FROM versions WHERE account = ?1 ORDER BY version DESC LIMIT 1";
    Ok(view.query_row(newest, [id], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Opens the view for a writer that is not the projection, such as a hook after a save.
fn connect(view: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(view)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

pub(crate) fn run() -> std::result::Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("versions.db");
    let app = Application::open("sqlite::memory:").wait()?;
    let versions = app.project(Versions).in_file(&file).start().wait()?;
    let mut account = Account::open();
    for amount in [10, 5, 1] {
        account.deposit(amount);
    }
    app.save(&mut account).wait()?;
    versions.caught_up().wait()?;
    let view = connect(&file)?;
    assert_eq!(newest(&view, account.id())?, (4, 16));

    // A writer that read version 2 before the view went on comes late.
    let before = app.get_at(account.id(), 2).wait()?;
    put(&view, account.id(), 2, before.balance)?;
    assert_eq!(newest(&view, account.id())?, (4, 16));
    println!("a late writer changes nothing: {:?}", newest(&view, account.id())?);
    versions.stop().wait()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the versions of all accounts, in their order.
    fn all(view: &Connection) -> Vec<(i64, i64)> {
        let mut statement = view.prepare("SELECT version, balance FROM versions ORDER BY version").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(rusqlite::Result::unwrap).collect()
    }

    #[test]
    fn the_newest_version_wins_in_whatever_order_the_versions_come() {
        let view = Connection::open_in_memory().unwrap();
        view.execute_batch(Versions::TABLES).unwrap();
        let id = Id::<Account>::from_key("ann");
        for (version, expected) in [(3, 3), (1, 3), (5, 5), (4, 5), (2, 5)] {
            put(&view, id, version, 10 * version).unwrap();
            assert_eq!(newest(&view, id).unwrap(), (expected, 10 * expected));
        }
    }

    #[test]
    fn the_projection_overwrites_nothing_of_a_writer_that_is_ahead_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("versions.db");
        let app = Application::open("sqlite::memory:").wait().unwrap();
        let start = || app.project(Versions).in_file(&file).start().wait().unwrap();
        let mut account = Account::open();
        app.save(&mut account).wait().unwrap();
        start().drain().wait().unwrap();
        let view = connect(&file).unwrap();

        // A hook writes versions 3 and 4 while the projection stands still.
        for amount in [1, 2, 4] {
            account.deposit(amount);
        }
        app.save(&mut account).wait().unwrap();
        put(&view, account.id(), 4, 7).unwrap();
        put(&view, account.id(), 3, 3).unwrap();
        assert_eq!(newest(&view, account.id()).unwrap(), (4, 7));
        start().drain().wait().unwrap();
        assert_eq!(all(&view), [(2, 1), (3, 3), (4, 7)]);

        // Old versions go with the next event, also those that came late.
        put(&view, account.id(), 1, 0).unwrap();
        account.deposit(8);
        app.save(&mut account).wait().unwrap();
        start().drain().wait().unwrap();
        assert_eq!(all(&view), [(3, 3), (4, 7), (5, 15)]);
    }

    #[test]
    fn the_example_runs() {
        run().unwrap();
    }
}
