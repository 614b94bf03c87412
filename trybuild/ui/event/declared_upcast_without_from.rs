use es_runtime::event;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct DepositedV1 {}

#[event(version = 2, upcast = DepositedV1)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
