//! A struct without `#[event]`.

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

pub struct Deposit {
    pub amount: i64,
}

#[projection(Account, ..)]
impl Balances {
    #[event]
    fn deposited(&mut self, event: &Deposit) {
        self.0 += event.amount;
    }
}

fn main() {}
