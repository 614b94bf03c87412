use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Envelope {
    pub sender: String,
}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event]
    fn on_envelope(&mut self, event: &Envelope) {
        self.balance = event.sender.len() as i64;
    }
}

fn main() {}
