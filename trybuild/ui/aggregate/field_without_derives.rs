use es_runtime::{aggregate, mutator};

pub struct Money(i64);

#[aggregate]
pub struct Account {
    pub balance: Option<Money>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: Some(Money(0)) }
    }
}

fn main() {}
