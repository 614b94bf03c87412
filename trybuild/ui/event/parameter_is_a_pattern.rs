use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open((notes, coins): (i64, i64)) -> Self {
        Self { balance: notes + coins }
    }
}

fn main() {
    Account::open((10, 2));
}
