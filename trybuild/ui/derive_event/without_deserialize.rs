use es_runtime::Event;
use serde::Serialize;

#[derive(Clone, Debug, Serialize, Event)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
