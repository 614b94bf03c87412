use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Event)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
