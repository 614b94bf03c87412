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
    #[event(Opened, version = 1, upcast = OpenedV1)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

impl From<OpenedV1> for Opened {
    fn from(_: OpenedV1) -> Self {
        Self {}
    }
}

fn main() {}
