use std::collections::HashMap;

use es_runtime::{aggregate, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Currency(String);

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(balances: HashMap<Currency, i64>) -> Self {
        Self { balance: balances.values().sum() }
    }
}

fn main() {}
