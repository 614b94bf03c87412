use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[serde(default, skip_serializing)]
    pub balance: i64,
    #[cfg_attr(all(), serde(skip_deserializing))]
    pub limit: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, limit: 0 }
    }
}

fn main() {}
