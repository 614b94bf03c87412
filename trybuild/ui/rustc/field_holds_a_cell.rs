use std::sync::atomic::{AtomicI64, Ordering};

use es_runtime::{aggregate, mutator};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Counter(AtomicI64);

impl Clone for Counter {
    fn clone(&self) -> Self {
        Self(AtomicI64::new(self.0.load(Ordering::Relaxed)))
    }
}

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub reads: Vec<Counter>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, reads: Vec::new() }
    }
}

fn main() {}
