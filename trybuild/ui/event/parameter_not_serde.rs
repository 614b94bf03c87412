use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug)]
pub struct Money(i64);

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(balance: Money) -> Self {
        Self { balance: balance.0 }
    }
}

fn main() {}
