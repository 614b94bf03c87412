//! The view does not exist.

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
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {}
}

fn main() {}
