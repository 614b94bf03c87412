//! The second handler writes to another place.

use es_runtime::view::BlockingTx;
use es_runtime::{aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

pub struct Tx;

impl BlockingTx for Tx {}

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account, ..)]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {}
    #[event]
    fn deposited(_: &Deposited, _: &Tx) {}
}

fn main() {}
