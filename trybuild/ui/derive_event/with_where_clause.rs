use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
pub struct Deposited
where
    i64: Copy,
{
    pub amount: i64,
}

fn main() {}
