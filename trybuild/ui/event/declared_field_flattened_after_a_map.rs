use std::collections::BTreeMap;

use es_runtime::event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Clerk {
    pub name: String,
}

#[event]
pub struct Deposited {
    #[serde(flatten)]
    pub more: BTreeMap<String, i64>,
    #[serde(flatten)]
    pub clerk: Clerk,
    #[serde(flatten)]
    pub notes: BTreeMap<String, String>,
}

// Right: the map takes what the clerk leaves.
#[event]
pub struct Withdrawn {
    #[serde(flatten)]
    pub clerk: Clerk,
    #[serde(flatten)]
    pub more: BTreeMap<String, i64>,
}

fn main() {
    let clerk = Clerk { name: String::new() };
    let deposited = Deposited { more: BTreeMap::new(), clerk: clerk.clone(), notes: BTreeMap::new() };
    assert_eq!(deposited.clerk.name, Withdrawn { clerk, more: BTreeMap::new() }.clerk.name);
}
