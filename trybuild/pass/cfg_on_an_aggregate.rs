#![deny(warnings)]

use es_runtime::{aggregate, mutator};

#[cfg(any())]
#[aggregate]
pub struct Account {
    pub balance: NoSuchType,
}

#[aggregate]
#[cfg(all())]
pub struct Account {
    #[attribute]
    pub balance: i64,
}

#[mutator]
#[cfg(all())]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

#[mutator]
#[cfg(any())]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: NoSuchType }
    }
}

#[aggregate]
#[cfg(any())]
pub struct Branch {
    #[attribute]
    pub city: NoSuchType,
}

#[mutator]
#[cfg(any())]
impl Branch {
    #[event(Founded)]
    pub fn found(city: NoSuchType) -> Self {
        Self { city }
    }

    fn city(&self) -> NoSuchType {
        self.city
    }
}

fn main() {
    let mut account = Account::open();
    account.set_balance(1);
    assert_eq!(account.balance, 1);
}
