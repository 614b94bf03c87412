use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(topics = "deposited")]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
