#![deny(unused_must_use)]

use es_runtime::{Id, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(balance: i64) -> Self {
        Self { balance }
    }

    #[must_use = "an account has to be counted"]
    #[event(Imported)]
    pub fn import(balance: i64) -> Self {
        Self { balance }
    }
}

fn main() {
    Account::open(1);
    Account::open_with_id(Id::new(), 1);
    Account::import(1);
}
