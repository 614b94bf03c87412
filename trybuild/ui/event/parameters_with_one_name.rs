use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(amount: i64, amount: i64) -> Self {
        Self { balance: amount }
    }
}

fn main() {}
