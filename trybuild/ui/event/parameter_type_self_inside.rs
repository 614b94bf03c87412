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

    #[event(Merged)]
    pub fn merge(&mut self, others: Vec<Self>) {
        self.balance += others.len() as i64;
    }
}

fn main() {}
