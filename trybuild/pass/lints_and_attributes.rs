#![deny(warnings, non_snake_case, unused_must_use)]

use es_runtime::{aggregate, event, mutator};

/// An account,
/// documented over two lines.
#[aggregate]
#[allow(non_snake_case)]
#[derive(Debug)]
#[must_use = "open it for somebody"]
#[non_exhaustive]
pub struct Account {
    pub Balance: i64,
}

#[allow(non_snake_case)]
#[event]
#[derive(Default)]
pub struct Noted {
    pub Note: String,
}

#[mutator]
#[allow(clippy::needless_return)]
impl Account {
    #[inline]
    #[must_use]
    #[event(Opened)]
    #[allow(non_snake_case)]
    pub fn open(Balance: i64) -> Self {
        return Self { Balance };
    }

    /// Puts something in.
    #[event(Deposited)]
    #[deprecated = "use `add`"]
    #[doc(alias = "pay")]
    pub fn deposit(&mut self, amount: i64) {
        self.Balance += amount;
    }

    #[event(Added)]
    #[expect(unused_assignments, reason = "to see that it is carried over")]
    pub fn add(&mut self, amount: i64) {
        let mut sum = 0;
        sum = self.Balance + amount;
        self.Balance = sum;
    }

    #[event]
    #[cfg_attr(all(), inline)]
    fn on_noted(&mut self, _: &Noted) {}
}

fn main() {
    let mut account = Account::open(1);
    #[allow(deprecated)]
    account.deposit(1);
    account.add(1);
    account.trigger(Noted::default());
    assert_eq!(account.Balance, 3);
}
