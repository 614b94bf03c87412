//! The driver of the transaction blocks.

use es_runtime::view::{BlockingTx, Result};
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
    async fn opened(_: &Opened, _: &Tx) -> Result {
        Ok(())
    }
}

fn main() {}
