use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator(retire = ["Account.Old"], visibility = crate)]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Account { balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    #[event(Deposited)]
    pub fn refund(&mut self, amount: i64) {
        self.deposit(amount);
    }

    #[attribute]
    pub fn version(&self) -> i64 {
        self.balance
    }
}

fn main() {}
