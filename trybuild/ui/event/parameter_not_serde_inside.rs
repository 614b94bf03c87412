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
    pub fn open(deposits: Vec<Option<Money>>) -> Self {
        Self { balance: deposits.iter().flatten().map(|money| money.0).sum() }
    }
}

fn main() {}
