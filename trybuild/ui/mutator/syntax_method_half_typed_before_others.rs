use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Deposited)]
    pub fn deposit(&mut self, am)

    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Withdrawn)]
    pub fn withdraw(&mut self, amount: i64) {
        self.balance -= amount;
    }
}

fn main() {
    Account::open().withdraw(1);
}
