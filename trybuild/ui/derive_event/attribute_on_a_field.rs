use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
pub struct Deposited {
    #[event(topic = "amount")]
    pub amount: i64,
}

fn main() {}
