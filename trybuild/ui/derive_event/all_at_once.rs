use es_runtime::Event;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[event(topic = "", versoin = 2)]
pub struct Deposited {
    pub amount: &'static str,
    #[serde(skip)]
    pub note: String,
}

fn main() {}
