use es_runtime::{Envelope, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(first: &Envelope, second: &Envelope) -> Self {
        Self { balance: first.version().cmp(&second.version()) as i64 }
    }
}

fn main() {}
