//! Two attributes have one method.

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

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account, ..)]
impl Balances {
    #[attribute(owner, limit)]
    fn renamed(&mut self, _: &str) {
        self.0 += 1;
    }
}

fn main() {}
