use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account(i64);

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self(0)
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.0 += amount;
    }
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
}
