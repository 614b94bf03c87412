use serde::{Deserialize, Serialize};

#[es_runtime::event]
#[derive(Clone, Debug, Serialize, Deserialize, es_runtime::Event)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
