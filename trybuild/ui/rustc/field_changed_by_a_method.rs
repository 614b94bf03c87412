use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub deposits: Vec<i64>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { deposits: Vec::new() }
    }
}

fn cheat(account: &mut Account) {
    account.deposits.push(10);
}

fn main() {}
