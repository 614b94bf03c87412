use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(Paid)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
