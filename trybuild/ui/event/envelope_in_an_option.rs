use es_runtime::{Envelope, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(envelope: Option<&Envelope>) -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
