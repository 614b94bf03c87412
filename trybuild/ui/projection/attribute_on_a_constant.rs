//! A constant has the attribute of a handler.

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

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account, ..)]
impl Balances {
    #[event]
    const LIMIT: i64 = 10;
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += Self::LIMIT;
    }
}

fn main() {}
