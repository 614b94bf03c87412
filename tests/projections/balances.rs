//! The view of most tests: the balance of each account, in a file and in memory.

use std::collections::BTreeMap;
use std::path::Path;

use es_runtime::view::Result;
use es_runtime::view::sqlite::{File, Tx};
use es_runtime::{Application, Id, Wait, projection};

use crate::account::{Account, Deposited, Frozen, Opened, Withdrawn};

/// An amount that no view takes, unless it has the table `mended`.
pub(crate) const POISON: i64 = 666;

pub(crate) struct Balances;

#[projection(Account, ignore = [Frozen])]
impl Balances {
    const TABLES: &str =
        "CREATE TABLE balances (id BLOB PRIMARY KEY, owner TEXT NOT NULL, cents INTEGER NOT NULL) STRICT";

    #[event]
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES (?1, ?2, 0)", (id, &event.owner))
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, event.amount, tx)?;
        let is_mended = tx.table_exists(None, "mended")?;
        if event.amount == POISON && !is_mended { Err("a poisoned amount".into()) } else { Ok(()) }
    }

    #[event]
    fn withdrawn(event: &Withdrawn, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, -event.amount, tx)
    }

    #[attribute(owner)]
    fn renamed(owner: &str, id: Id<Account>, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET owner = ?2 WHERE id = ?1", (id, owner))
    }

    #[discarded]
    #[forgotten]
    fn gone(id: Id<Account>, tx: &Tx) -> Result {
        tx.run("DELETE FROM balances WHERE id = ?1", (id,))
    }

    fn add(id: Id<Account>, cents: i64, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET cents = cents + ?2 WHERE id = ?1", (id, cents))
    }
}

/// Returns the rows of the view in a file.
pub(crate) fn rows(file: &Path) -> BTreeMap<String, i64> {
    let connection = File::new(file).connect().unwrap();
    let mut statement = connection.prepare("SELECT owner, cents FROM balances").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The same in memory.
#[derive(Default, Debug)]
pub(crate) struct InMemory {
    pub(crate) cents: BTreeMap<Id<Account>, i64>,
}

#[projection(Account, name = "Balances in memory", ..)]
impl InMemory {
    #[event]
    fn deposited(&mut self, event: &Deposited, id: Id<Account>) -> Result {
        if event.amount == POISON {
            return Err("a poisoned amount".into());
        }
        *self.cents.entry(id).or_default() += event.amount;
        Ok(())
    }

    #[event]
    fn withdrawn(&mut self, event: &Withdrawn, id: Id<Account>) {
        *self.cents.entry(id).or_default() -= event.amount;
    }
}

/// Opens an account with deposits, each in a commit of its own.
pub(crate) fn account(app: &Application, owner: &str, amounts: &[i64]) -> Account {
    let mut account = Account::open(owner.to_owned());
    app.save(&mut account).wait().unwrap();
    for amount in amounts {
        account.deposit(*amount);
        app.save(&mut account).wait().unwrap();
    }
    account
}
