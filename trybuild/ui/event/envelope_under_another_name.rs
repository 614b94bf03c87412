use es_runtime::{Envelope as Env, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(envelope: &Env) -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
