use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
pub struct Deposited {
    pub amount: i64,
    #[serde(skip)]
    pub note: String,
}

fn main() {}
