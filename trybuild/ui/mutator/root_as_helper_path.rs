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
        Self { balance: Account::first(Self::LIMIT) }
    }

    fn first(limit: i64) -> i64 {
        limit / 10
    }
}

fn main() {}
