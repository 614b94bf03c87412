use std::sync::atomic::{AtomicI64, Ordering};

use es_runtime::event;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Counter(AtomicI64);

impl Clone for Counter {
    fn clone(&self) -> Self {
        Self(AtomicI64::new(self.0.load(Ordering::Relaxed)))
    }
}

#[event]
pub struct Counted {
    pub counter: Counter,
}

fn main() {}
