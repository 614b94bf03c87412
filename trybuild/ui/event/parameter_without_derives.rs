use es_runtime::{aggregate, mutator};

pub struct Money(i64);

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(deposits: Vec<Money>) -> Self {
        Self { balance: deposits.iter().map(|money| money.0).sum() }
    }
}

fn main() {
    Account::open(vec![Money(1)]);
}
