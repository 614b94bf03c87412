use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
pub struct Deposited<T> {
    pub amount: T,
}

fn main() {}
