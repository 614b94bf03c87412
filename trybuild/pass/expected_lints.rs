//! The body of an event method fulfils an expectation on the method, and so does the command.
#![deny(warnings)]
#![allow(clippy::all)]

use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Noted {
    pub text: String,
}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    #[expect(unused_variables)]
    pub fn open() -> Self {
        let unused = 1;
        Self { balance: 0 }
    }

    #[event(Closed)]
    #[expect(dead_code)]
    fn close(&mut self) {
        self.balance = 0;
    }

    #[event(Deposited)]
    #[expect(non_snake_case, reason = "the name that is stored")]
    pub fn deposit(&mut self, Amount: i64) {
        self.balance += Amount;
    }

    #[event]
    #[expect(unused_variables)]
    fn on_noted(&mut self, event: &Noted) {}

    #[expect(dead_code)]
    fn helper(&self) {}
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
    account.trigger(Noted { text: String::new() });
}
