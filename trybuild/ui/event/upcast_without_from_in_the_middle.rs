use es_runtime::{aggregate, mutator};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct OpenedV1 {}

#[derive(Deserialize)]
pub struct OpenedV2 {}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened, version = 3, upcast = [OpenedV1, OpenedV2])]
    pub fn open(balance: i64) -> Self {
        Self { balance }
    }
}

impl From<OpenedV2> for Opened {
    fn from(_: OpenedV2) -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
