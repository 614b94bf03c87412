use es_runtime::{aggregate, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
pub struct Money(i64);

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(balance: Money) -> Self {
        Self { balance: balance.0 }
    }
}

fn main() {}
