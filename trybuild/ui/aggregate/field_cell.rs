use std::cell::Cell;

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: Cell<i64>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: Cell::new(0) }
    }
}

fn main() {}
