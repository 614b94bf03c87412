#![deny(warnings)]

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub fees: Vec<i64>,
}

#[mutator]
impl Account {
    pub const FREE: usize = 1;

    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, fees: Vec::with_capacity(Self::FREE) }
    }

    #[event(Withdrawn)]
    pub fn withdraw(&mut self, amount: i64) {
        let fee = self.fee();
        self.change(|balance| balance - amount - fee);
        self.fees.push(fee);
    }

    fn fee(&self) -> i64 {
        if self.fees.len() < Self::FREE { 0 } else { Self::rate(self.fees.iter().copied()) }
    }

    fn change<F>(&mut self, change: F)
    where
        F: FnOnce(i64) -> i64,
    {
        self.balance = change(self.balance);
    }

    fn rate(fees: impl Iterator<Item = i64>) -> i64 {
        fees.sum::<i64>() + 1
    }

    pub const fn is_overdrawn(&self) -> bool {
        self.balance < 0
    }

    pub async fn later(&self) -> i64 {
        self.balance
    }

    pub fn longest<'a>(&'a self, other: &'a [i64]) -> &'a [i64] {
        if other.len() > self.fees.len() { other } else { &self.fees }
    }
}

fn main() {
    let mut account = Account::open();
    account.withdraw(1);
    account.withdraw(1);
    account.withdraw(1);
    assert_eq!(account.fees, [0, 1, 2]);
    assert!(account.is_overdrawn());
    assert_eq!(account.longest(&[]), [0, 1, 2]);
    assert_eq!(AccountState::FREE, 1);
    drop(account.later());
}
