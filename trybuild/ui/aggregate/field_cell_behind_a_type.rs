use std::sync::atomic::{AtomicI64, Ordering};

use es_runtime::{aggregate, mutator};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Money(AtomicI64);

impl Clone for Money {
    fn clone(&self) -> Self {
        Self(self.0.load(Ordering::Relaxed).into())
    }
}

#[aggregate]
pub struct Account {
    pub balance: Money,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: Money(0.into()) }
    }
}

fn main() {}
