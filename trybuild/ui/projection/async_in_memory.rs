//! The view is in memory, and its handler `async`.

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
    async fn opened(&mut self, _: &Opened) {}
}

fn main() {}
