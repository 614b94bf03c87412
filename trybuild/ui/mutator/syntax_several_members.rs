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

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: ) {
        self.balance += amount;
    }

    #[event(Withdrawn)]
    pub fn withdraw(&mut self, amount: i64) -> {
        self.balance -= amount;
    }

    const LIMIT: i64 = ;

    #[event(Closed)]
    pub fn close(&mut self) {
        self.balance = 0;
    }
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
    account.withdraw(1);
    account.close();
}
