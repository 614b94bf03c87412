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

    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    #[event(Withdrawn)]
    pub fn withdraw(&mut self, amount: i64) {
        self.deposit(-amount);
    }
}

fn main() {
    Account::open().deposit(1);
}
