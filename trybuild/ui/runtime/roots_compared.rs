use es_runtime::{aggregate, mutator};

#[aggregate]
#[derive(PartialEq)]
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
    let _ = Account::open() == Account::open();
}
