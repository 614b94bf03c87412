use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug)]
pub struct Money(i64);

#[aggregate]
pub struct Account {
    pub balance: Money,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: Money(0) }
    }
}

fn main() {}
