#![deny(warnings)]

use es_runtime::testing::{encode, replay};
use es_runtime::{aggregate, event, mutator};
use serde::{Deserialize, Serialize};

#[aggregate]
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Hash, Serialize, Deserialize)]
pub struct Account {
    pub owner: String,
    pub money: Money,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Hash, Serialize, Deserialize)]
pub struct Money(i64);

#[event]
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Deposited {
    pub amount: i64,
}

#[event]
#[derive(Debug)]
#[serde(deny_unknown_fields)]
#[derive(Deserialize)]
pub struct Renamed {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self::default()
    }

    #[event]
    fn on_deposited(&mut self, event: &Deposited) {
        self.money.0 += event.amount;
    }

    #[event]
    fn on_renamed(&mut self, event: &Renamed) {
        self.owner = event.owner.clone();
    }
}

fn main() {
    let mut account = Account::open();
    let deposited = Deposited { amount: 3 };
    account.trigger(deposited);
    account.trigger(deposited);
    account.trigger(Renamed { owner: "Ann".into() });
    assert_eq!(**account, AccountState { owner: "Ann".into(), money: Money(6) });
    assert!(**account > AccountState::default());
    assert_eq!(encode::<Account>(account.pending()[3].event()).data(), r#"{"owner":"Ann"}"#);
    assert_eq!(**replay::<Account>(account.pending().to_vec()).unwrap(), **account);
}
