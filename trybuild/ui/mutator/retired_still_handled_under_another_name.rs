use es_runtime::{aggregate, mutator};

#[aggregate(name = "BankAccount")]
pub struct Account {
    pub balance: i64,
}

#[mutator(retired = ["BankAccount.Opened"])]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
