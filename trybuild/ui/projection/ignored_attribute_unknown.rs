//! An attribute is ignored that no aggregate has.

use es_runtime::{aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[aggregate]
pub struct Order {
    #[attribute]
    pub note: String,
}

#[mutator]
impl Order {
    #[event(Placed)]
    pub fn place(note: String) -> Self {
        Self { note }
    }
}

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account, Order, ignore = [Placed, note, owner, ownr, Deposited, discarded])]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
}

fn main() {}
