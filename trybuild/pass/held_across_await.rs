#![deny(warnings)]

use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use es_runtime::{Discarded, Id, aggregate, mutator};

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

impl Account {
    pub async fn deposit_later(&mut self, amount: i64) {
        let amount = ready(amount).await;
        self.deposit(amount);
        ready(()).await;
        self.deposit(amount);
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn is_shared<T: Send + Sync + 'static>() {}

fn main() {
    is_shared::<(Account, AccountState, AccountEvent, Deposited, Discarded<Account>, Id<Account>)>();
    let mut account = Account::open();
    {
        let mut later = pin!(is_send(account.deposit_later(3)));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(later.as_mut().poll(&mut context), Poll::Ready(()));
    }
    assert_eq!(account.balance, 6);
}
