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

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

fn main() {
    let mut account = Account::open_with_id(es_runtime::Id::new());
    account.deposit(10);
    let _ = (account.balance, account.id(), account.discard());
}
