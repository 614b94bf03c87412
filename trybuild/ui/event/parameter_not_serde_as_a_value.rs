use std::collections::BTreeMap;

use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug)]
pub struct Money(i64);

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(balances: BTreeMap<String, (Money, u8)>) -> Self {
        Self { balance: balances.values().map(|(money, _)| money.0).sum() }
    }
}

fn main() {}
