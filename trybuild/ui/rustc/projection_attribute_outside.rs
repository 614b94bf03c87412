//! The attribute of a handler outside of `#[projection]`.

use es_runtime::{aggregate, mutator};

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

#[derive(Default)]
pub struct Balances(i64);

impl Balances {
    #[discarded]
    pub fn gone(&mut self) {
        self.0 -= 1;
    }
}

fn main() {}
