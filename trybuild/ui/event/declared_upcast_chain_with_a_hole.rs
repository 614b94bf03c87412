use es_runtime::event;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct DepositedV2 {}

#[event(version = 3, upcast = [DepositedV2])]
pub struct Deposited {
    pub amount: i64,
}

impl From<DepositedV2> for Deposited {
    fn from(_: DepositedV2) -> Self {
        Self { amount: 0 }
    }
}

fn main() {}
