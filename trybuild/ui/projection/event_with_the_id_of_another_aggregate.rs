//! The id is that of another aggregate than the event.

use es_runtime::{Id, aggregate, mutator, projection};

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

#[projection(Account, Order, ..)]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened, _: Id<Order>) {
        self.0 += 1;
    }
}

fn main() {}
