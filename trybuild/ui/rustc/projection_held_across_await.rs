//! A handler keeps a value of one thread across an `await`.

use es_runtime::view::{AsyncTx, Result};
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

impl AsyncTx for Tx {}

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account, ..)]
impl Balances {
    const TABLES: &str = "";
    #[event]
    async fn opened(_: &Opened, _: &Tx) -> Result {
        let count = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(count);
        Ok(())
    }
}

fn main() {}
