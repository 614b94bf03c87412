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

    #[event(Withdrawn)]
    fn take(&mut self, amount: i64) {
        self.balance -= amount;
    }

    fn withdraw(&mut self, amount: i64) -> bool {
        if amount > self.balance {
            return false;
        }
        self.take(amount);
        true
    }

    fn open_with(amount: i64) -> Self {
        let mut account = Self::open();
        account.withdraw(amount);
        account
    }
}

fn main() {
    Account::open().withdraw(1);
    Account::open_with(3);
}
