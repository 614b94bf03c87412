//! The levels of lints on the impl hold for its whole expansion.
#![deny(warnings)]

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
#[allow(unused_variables, unused_mut)]
#[expect(unused_assignments, reason = "to see that it is carried over")]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        let unused = 1;
        Self { balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        let mut unused = 1;
        let mut sum = 0;
        sum = self.balance + amount;
        self.balance = sum;
    }

    fn helper(&self) {
        let unused = 1;
    }
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
    account.helper();
}
