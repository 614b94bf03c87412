use std::collections::{BTreeMap, BTreeSet, HashMap};

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute]
    pub rates: BTreeMap<f64, String>,
    pub limits: Option<HashMap<Vec<f32>, i64>>,
    pub groups: BTreeSet<HashMap<String, String>>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { rates: BTreeMap::new(), limits: None, groups: BTreeSet::new() }
    }
}

fn main() {
    Account::open();
}
