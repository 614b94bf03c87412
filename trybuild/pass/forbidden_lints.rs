//! An expansion allows no lint that the crate forbids.
#![forbid(
    dead_code,
    deprecated,
    missing_docs,
    unused_variables,
    unsafe_code
)]

use es_runtime::{Envelope, aggregate, event, mutator};
use serde::{Deserialize, Serialize};

/// So much of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Money {
    /// In cents.
    pub cents: i64,
}

/// An account.
#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute]
    owner: String,
    balance: Money,
    limits: Vec<u64>,
}

/// A note.
#[event]
pub struct Noted {
    /// Its text.
    pub text: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String, clerk: String) -> Self {
        Self { owner, balance: Money { cents: 0 }, limits: Vec::new() }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, money: Money, clerk: String, envelope: &Envelope) {
        self.balance.cents += money.cents;
        self.limits.push(envelope.version().get());
    }

    #[event]
    fn on_noted(&mut self, event: &Noted) {
        self.owner.push_str(&event.text);
    }
}

fn main() {
    let mut account = Account::open("Ann".into(), "Bob".into());
    account.deposit(Money { cents: 1 }, "Bob".into());
    account.trigger(Noted { text: "a".into() });
    account.set_owner("Anna".into());
    assert_eq!((account.balance.cents, account.limits.len()), (1, 1));
    drop(account.discard());
}
