use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator(retired = ["Account.Begun"])]
impl Account {
    #[event(Opened, aliases = ["Account.Begun"])]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
