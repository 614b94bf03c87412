//! A derive above `#[aggregate]` that only reads fields derives for the root.
#![deny(warnings)]

use es_runtime::{aggregate, mutator};

#[derive(Debug, PartialEq, serde::Serialize)]
#[aggregate]
pub struct Account {
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }
}

fn main() {
    let account = Account::open("Ann".into());
    assert!(account == Account::open("Ann".into()));
    assert_eq!(format!("{account:?}"), r#"Account { owner: "Ann", balance: 0 }"#);
}
