use es_runtime::event;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct DepositedV1 {}

#[event(upcast = DepositedV1)]
pub struct Deposited {
    pub amount: i64,
}

impl From<DepositedV1> for Deposited {
    fn from(_: DepositedV1) -> Self {
        Self { amount: 0 }
    }
}

fn main() {}
