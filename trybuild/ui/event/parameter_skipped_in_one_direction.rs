use es_runtime::{aggregate, mutator};

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

    #[event(Deposited)]
    pub fn deposit(&mut self, #[serde(default, skip_serializing)] amount: i64) {
        self.balance += amount;
    }

    #[event(Withdrawn)]
    pub fn withdraw(&mut self, #[cfg_attr(all(), serde(skip_deserializing))] amount: i64) {
        self.balance -= amount;
    }
}

fn main() {}
