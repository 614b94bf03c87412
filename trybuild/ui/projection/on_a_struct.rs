//! `#[projection]` stands on the struct.

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

#[projection(Account, ..)]
pub struct Balances(i64);

impl Balances {
    pub fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
}

fn main() {}
