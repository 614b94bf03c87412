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
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
        self.check();
    }

    #[event(Withdrawn)]
    fn take(&mut self, amount) {
        self.balance -= amount;
    }

    fn check(&self) {}
}

impl Account {
    pub fn withdraw(&mut self, amount: i64) {
        self.take(amount);
    }
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
    account.withdraw(1);
    println!("{}", account.balance);
}
