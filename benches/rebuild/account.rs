//! The account, and the view of its balances.

use es_runtime::view::Result;
use es_runtime::view::sqlite::Tx;
use es_runtime::{Application, Id, Wait, aggregate, mutator, projection};

/// The events of a commit of the log before the measurement.
const COMMIT: usize = 100;

#[aggregate]
pub(crate) struct Account {
    balance: i64,
}

#[mutator(visibility = pub(crate))]
impl Account {
    #[event(Opened)]
    pub(crate) fn open(amount: i64) -> Self {
        Self { balance: amount }
    }

    #[event(Deposited)]
    pub(crate) fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

pub(crate) struct Balances;

#[projection(Account, ..)]
impl Balances {
    const TABLES: &str = "CREATE TABLE balances (id BLOB PRIMARY KEY, cents INTEGER NOT NULL) STRICT";

    #[event]
    fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES (?1, ?2)", (id, event.amount))
    }

    #[event]
    fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET cents = cents + ?2 WHERE id = ?1", (id, event.amount))
    }
}

/// Saves so many events.
pub(crate) fn fill(app: &Application, events: usize) {
    for _ in 0..events.div_ceil(COMMIT) {
        let mut account = Account::open(1);
        (1..COMMIT).for_each(|_| account.deposit(1));
        app.save(&mut account).wait().expect("it is saved");
    }
}
