//! The handler takes the transaction twice.

use es_runtime::view::BlockingTx;
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

pub struct Tx;

impl BlockingTx for Tx {}

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account, ..)]
impl Balances {
    const TABLES: &str = "";
    #[event]
    fn opened(_: &Opened, _: &Tx, _: &Tx) {}
}

fn main() {}
