//! A bank account for tests of recorders, mappers and wrappers of your own, which need some aggregate.
//!
//! The account has an event of each kind: one creates it, others change it, one sets an attribute, and one ends it.
//!
//! ```standalone_crate
//! use es_runtime::testing::example::{Account, Overdrawn};
//! use es_runtime::mapper::Mapper;
//! use es_runtime::{Application, Wait};
//!
//! let app = Application::builder("memory:").mapper(Mapper::new()).open().wait()?;
//! let mut account = Account::open("Ann".into());
//! account.deposit(10);
//! app.save(&mut account).wait()?;
//!
//! let refused = app.execute(account.id(), |account| account.withdraw(11)).wait()?;
//! assert_eq!(refused, Err(Overdrawn));
//! assert_eq!(app.get(account.id()).wait()?.balance, 10);
//! # Ok::<(), es_runtime::Error>(())
//! ```

use std::fmt;

use crate::macros::{aggregate, mutator};

/// An account with an owner and a balance. Its stored name clashes with no `Account` of yours.
#[aggregate(name = "example.Account", discard = pub, crate = crate)]
#[derive(Debug, PartialEq)]
pub struct Account {
    /// The owner's name; an attribute.
    #[attribute]
    pub owner: String,
    /// The balance in cents, never below zero.
    pub balance: i64,
}

#[mutator(crate = crate)]
impl Account {
    /// Opens an account without money.
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }

    /// Adds to the balance.
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance = self.balance.saturating_add(amount);
    }

    #[event(Withdrawn)]
    fn take(&mut self, amount: i64) {
        self.balance = self.balance.saturating_sub(amount);
    }
}

impl Account {
    /// Takes from the balance.
    ///
    /// # Errors
    ///
    /// [`Overdrawn`] if the balance is lower than the amount.
    pub fn withdraw(&mut self, amount: i64) -> Result<(), Overdrawn> {
        if amount > self.balance {
            return Err(Overdrawn);
        }
        self.take(amount);
        Ok(())
    }
}

/// The refusal of a withdrawal above the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdrawn;

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the account has less than that")
    }
}

impl std::error::Error for Overdrawn {}
