use es_runtime::{aggregate, mutator};

#[aggregate]
#[derive(Debug)]
pub struct Account {
    pub balance: i64,
    #[attribute]
    pub owner
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {
    println!("{}", Account::open().balance);
}
