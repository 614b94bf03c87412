use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator(retired = ["Account.Frozen\t"])]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Deposited, topic = " account.deposited\n")]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    #[event(Withdrawn, aliases = ["Account.Taken\nout"])]
    pub fn withdraw(&mut self, amount: i64) {
        self.balance -= amount;
    }
}

fn main() {}
