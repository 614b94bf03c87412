use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64
    pub limit: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, limit: 0 }
    }
}

fn main() {
    println!("{}", Account::open().balance);
}
