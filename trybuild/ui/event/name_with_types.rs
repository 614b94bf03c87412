use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened(i64))]
    pub fn open(balance: i64) -> Self {
        Self { balance }
    }
}

fn main() {}
