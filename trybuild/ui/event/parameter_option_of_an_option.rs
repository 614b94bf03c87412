use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub limit: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(limit: Option<Option<i64>>) -> Self {
        Self { limit: limit.flatten().unwrap_or_default() }
    }
}

fn main() {}
