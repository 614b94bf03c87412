use es_runtime::{aggregate, mutator};

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

    fn add(&mut self, amount: i64) {
        self.balance += amount;
    }
}

fn cheat(account: &mut Account) {
    account.add(10);
}

fn main() {}
