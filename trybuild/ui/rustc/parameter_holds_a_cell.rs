use std::sync::atomic::{AtomicI64, Ordering};

use es_runtime::{aggregate, mutator};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Counter(AtomicI64);

impl Clone for Counter {
    fn clone(&self) -> Self {
        Self(AtomicI64::new(self.0.load(Ordering::Relaxed)))
    }
}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(counter: Counter) -> Self {
        Self { balance: counter.0.into_inner() }
    }
}

fn main() {}
