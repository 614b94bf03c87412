use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount
        self.check();
    }

    #[event(Withdrawn)]
    pub fn withdraw(&mut self, amount: i64) {
        let = amount;
    }

    #[event(Closed)]
    pub fn close(&mut self) {
        self.
    }

    fn check(&self) {
        if {}
    }
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
    account.withdraw(1);
    account.close();
}
