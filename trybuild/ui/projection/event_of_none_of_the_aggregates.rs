//! The event belongs to neither of two aggregates.

use es_runtime::{aggregate, event, mutator, projection};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
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

#[event]
pub struct Requested {
    pub amount: i64,
}

#[projection(Account, Order, ..)]
impl Balances {
    #[event]
    fn requested(&mut self, event: &Requested) {
        self.0 += event.amount;
    }
}

fn main() {}
