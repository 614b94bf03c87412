use es_runtime::{aggregate, mutator};

fn stored(_: impl serde::Serialize) {}

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
}

fn main() {
    stored(Account::open());
}
