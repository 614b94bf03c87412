//! The view is generic.

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

pub struct Balances<T>(T);

#[projection(Account, ..)]
impl<T> Balances<T> {
    #[event]
    fn opened(&mut self, _: &Opened) {}
}

fn main() {}
