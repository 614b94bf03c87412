use es_runtime::{aggregate, event};

#[event]
#[aggregate]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
