use std::sync::atomic::AtomicI64;

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(balance: AtomicI64) -> Self {
        Self { balance: balance.into_inner() }
    }
}

fn main() {}
