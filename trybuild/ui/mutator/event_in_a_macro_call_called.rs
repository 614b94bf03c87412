use es_runtime::{aggregate, mutator};

macro_rules! deposit {
    () => {
        #[event(Deposited)]
        pub fn deposit(&mut self, amount: i64) {
            self.balance += amount;
        }
    };
}

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

    deposit!();
}

fn main() {
    let account = &mut Account::open();
    account.deposit(3);
}
