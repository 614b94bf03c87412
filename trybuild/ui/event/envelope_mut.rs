use es_runtime::{Envelope, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(envelope: &mut Envelope) -> Self {
        Self { balance: envelope.version().get() as i64 }
    }
}

fn main() {}
