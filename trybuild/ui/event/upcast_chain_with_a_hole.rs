use es_runtime::{aggregate, mutator};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct OpenedV1 {}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened, version = 3, upcast = OpenedV1)]
    pub fn open(balance: i64) -> Self {
        Self { balance }
    }
}

impl From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
