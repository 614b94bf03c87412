use es_runtime::{aggregate, mutator};

/// An account.
#[derive(Debug, Clone)]
// Of a customer.
#[aggregate]
pub struct Account {
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { owner: String::new(), balance: 0 }
    }
}

fn main() {
    let account = Account::open();
    println!("{} {}", account.version(), account.balance);
}
