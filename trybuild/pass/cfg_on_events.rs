#![deny(warnings)]

use es_runtime::testing::replay;
use es_runtime::{aggregate, event, mutator};

#[event]
#[cfg(all())]
pub struct Closed {
    pub why: String,
}

#[event]
#[cfg(any())]
pub struct Frozen {
    pub until: NoSuchType,
}

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub open: bool,
}

#[mutator]
impl Account {
    #[cfg(all())]
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, open: true }
    }

    #[event(Imported)]
    #[cfg(any())]
    pub fn import(balance: NoSuchType) -> Self {
        Self { balance, open: true }
    }

    #[cfg(all())]
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    // The same event a second time, for another configuration.
    #[cfg(not(all()))]
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64, fee: i64) {
        self.balance += amount - fee;
    }

    #[event(Withdrawn)]
    #[cfg(any())]
    pub fn withdraw(&mut self, amount: NoSuchType) {
        self.no_such_field -= amount;
    }

    #[event]
    #[cfg(all())]
    fn on_closed(&mut self, _event: &Closed) {
        self.open = Self::CLOSED;
    }

    #[event]
    #[cfg(any())]
    fn on_frozen(&mut self, event: &Frozen) {
        self.no_such_field = event.until;
    }

    #[cfg(all())]
    const CLOSED: bool = false;

    #[cfg(any())]
    const CLOSED: NoSuchType = true;
}

fn main() {
    let mut account = Account::open();
    account.deposit(3);
    account.trigger(Closed { why: "moved".into() });
    assert_eq!((account.balance, account.open), (3, false));
    assert_eq!(replay::<Account>(account.pending().to_vec()).unwrap().balance, 3);
}
