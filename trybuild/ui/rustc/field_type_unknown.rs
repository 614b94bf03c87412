use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: Money,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(balance: i64) -> Self {
        Self { balance: balance.into() }
    }
}

fn main() {}
