use std::collections::BTreeMap;

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub limit: Option<Option<i64>>,
    pub limits: BTreeMap<String, Option<()>>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { limit: None, limits: BTreeMap::new() }
    }
}

fn main() {}
