//! A bank account in memory: commands, the events they record, and the same account made from them.

use es_runtime::testing::replay;
use es_runtime::{aggregate, mutator};

#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute]
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    #[event(Withdrawn)]
    fn take(&mut self, amount: i64) {
        self.balance -= amount;
    }
}

#[derive(Debug)]
pub struct Overdrawn;

impl Account {
    pub fn withdraw(&mut self, amount: i64) -> Result<(), Overdrawn> {
        if amount > self.balance {
            return Err(Overdrawn);
        }
        self.take(amount);
        Ok(())
    }
}

fn main() {
    let mut account = Account::open("Ann".into());
    account.deposit(10);
    account.set_owner("Anna".into());
    account.withdraw(3).unwrap();
    println!("{account:?}");
    let again: Account = replay(account.pending().to_vec()).unwrap();
    println!("{again:?}");
}
