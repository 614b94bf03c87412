use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(topic = "deposited")]
#[event(version = 2)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
