use std::cell::Cell;

use es_runtime::{aggregate, mutator};

#[aggregate(nam = "Account", trigger = yes, id_namespace)]
pub struct Account {
    #[attribute(alias = ["holder"])]
    pub owner: &'static str,
    pub balance: Cell<i64>,
    #[attribute]
    #[attribute]
    pub limit: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { owner: "Ann", balance: Cell::new(0), limit: 0 }
    }
}

fn main() {}
