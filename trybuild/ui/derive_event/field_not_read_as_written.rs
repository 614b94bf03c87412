use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
pub struct Deposited {
    #[serde(rename(serialize = "sum", deserialize = "total"))]
    pub amount: i64,
    #[serde(rename = "clerk")]
    pub by: String,
    pub clerk: String,
}

fn main() {
    assert_eq!(Deposited { amount: 1, by: String::new(), clerk: String::new() }.amount, 1);
}
