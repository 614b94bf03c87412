#![deny(warnings)]

use std::fmt;

use es_runtime::{Aggregate, Id, aggregate, mutator};

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
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no balance here")
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account with {}", self.balance)
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::open()
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

pub trait Pay {
    fn pay(&mut self, amount: i64);
}

impl Pay for Account {
    fn pay(&mut self, amount: i64) {
        self.deposit(amount);
    }
}

fn newest<A: Aggregate>(id: Id<A>, others: &[Id<A>]) -> bool {
    others.iter().all(|other| *other < id)
}

fn main() {
    let mut account = Account::default();
    account.pay(3);
    assert_eq!(account.to_string(), "account with 3");
    assert!(format!("{account:?}").contains("no balance here"));
    assert!(account != Account::default());
    assert!(newest(Account::open().id(), &[account.id()]));
    assert_eq!(Account::NAME, "Account");
}
