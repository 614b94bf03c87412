//! One type under several names, and types that only a macro can name.
#![deny(warnings, unused_qualifications)]

use es_runtime::testing::replay;
use es_runtime::{aggregate, event, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Money(i64);

pub trait Priced {
    type Price;
}

impl Priced for Money {
    type Price = Money;
}

pub type Price = <Money as Priced>::Price;

#[event(version = 2, upcast = Money)]
pub struct Paid {
    pub money: Money,
    pub price: <Money as Priced>::Price,
    pub others: Vec<Price>,
}

impl From<Money> for Paid {
    fn from(money: Money) -> Self {
        Self { price: money.clone(), money, others: Vec::new() }
    }
}

#[aggregate]
pub struct Account {
    #[attribute]
    pub limit: Money,
    #[attribute(version = 2, upcast = i64)]
    pub fee: <Money as Priced>::Price,
    pub balance: Money,
    pub price: Price,
    pub last: Option<Paid>,
}

impl From<i64> for Money {
    fn from(amount: i64) -> Self {
        Self(amount)
    }
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(limit: Money, fee: Price, price: Vec<<Money as Priced>::Price>) -> Self {
        Self { balance: limit.clone(), price: price[0].clone(), limit, fee, last: None }
    }

    #[event]
    fn paid(&mut self, event: &Paid) {
        self.last = Some(event.clone());
    }
}

macro_rules! branch {
    ($name:ident) => {
        #[aggregate]
        pub struct $name {
            #[attribute]
            pub rent: Option<$crate::Money>,
            pub worth: $crate::Money,
        }

        #[event]
        pub struct Valued {
            pub worth: $crate::Money,
        }

        #[mutator]
        impl $name {
            #[event(Founded)]
            pub fn found(worth: $crate::Money) -> Self {
                Self { rent: None, worth }
            }

            #[event]
            fn valued(&mut self, event: &Valued) {
                self.worth = event.worth.clone();
            }
        }
    };
}

branch!(Branch);

fn main() {
    let mut account = Account::open(Money(1), Money(2), vec![Money(3)]);
    account.trigger(Paid::from(Money(4)));
    account.set_fee(Money(5));
    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert_eq!((again.limit.0, again.fee.0, again.balance.0, again.price.0), (1, 5, 1, 3));
    assert_eq!(again.last.as_ref().map(|paid| paid.money.0), Some(4));

    let mut branch = Branch::found(Money(1));
    branch.set_rent(Some(Money(2)));
    branch.trigger(Valued { worth: Money(3) });
    assert_eq!(branch.worth.0, 3);
}
