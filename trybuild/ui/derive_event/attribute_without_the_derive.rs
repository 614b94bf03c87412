use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[event(topic = "deposited")]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
