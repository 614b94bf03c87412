//! The aggregate of the event is not named.

use es_runtime::{aggregate, mutator, projection};

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

#[projection(Account, ..)]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
    #[event]
    fn placed(&mut self, _: &Placed) {
        self.0 += 1;
    }
}

fn main() {}
