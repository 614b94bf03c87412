#![deny(warnings)]

use es_runtime::testing::encode;
use es_runtime::{Envelope, aggregate, event, mutator};

#[event]
pub struct Noted {
    pub note: String,
}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(reason: String, branch: u8) -> Self {
        Self { balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64, clerk: String, _: &Envelope) {
        self.balance += amount;
    }

    #[event]
    fn on_noted(&mut self, _event: &Noted, _envelope: &Envelope) {}
}

fn main() {
    let mut account = Account::open("new".into(), 1);
    account.deposit(1, "Bob".into());
    account.trigger(Noted { note: String::new() });
    assert_eq!(encode::<Account>(account.pending()[0].event()).data(), r#"{"reason":"new","branch":1}"#);
    assert_eq!(encode::<Account>(account.pending()[1].event()).data(), r#"{"amount":1,"clerk":"Bob"}"#);
}
