//! Things are both handled and ignored.

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

#[projection(Account, ignore = [Opened, owner, Deposited, discarded])]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
    #[attribute(owner)]
    fn renamed(&mut self, _: &str) {}
    #[discarded]
    fn gone(&mut self) {}
}

fn main() {}
