use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    const LIMIT: i64 = 100;

    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: Account::LIMIT }
    }
}

fn main() {}
