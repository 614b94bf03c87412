//! The transaction is none.

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

pub struct MyTx;

#[projection(Account, ..)]
impl Balances {
    const TABLES: &str = "";
    #[event]
    fn opened(_: &Opened, _: &MyTx) {}
}

fn main() {}
