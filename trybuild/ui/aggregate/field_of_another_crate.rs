use es_runtime::{aggregate, mutator};

use std::time::Instant;

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub opened: Option<Instant>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, opened: None }
    }
}

fn main() {}
