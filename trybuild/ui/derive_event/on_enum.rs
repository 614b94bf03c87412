use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
pub enum Deposited {
    InCash { amount: i64 },
    ByCheque { amount: i64 },
}

fn main() {}
