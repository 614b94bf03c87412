use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(version = 2, upcast = DepositedV1)]
pub struct Deposited {
    pub amount: i64,
}

#[derive(Serialize, Deserialize)]
pub struct DepositedV1 {}

fn main() {}
