//! The account with the macros.

use es_runtime::{aggregate, mutator};

/// The account.
#[aggregate]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) balance: i64,
    pub(crate) entries: u64,
}

#[mutator(visibility = pub(crate))]
impl Account {
    /// Opens an account.
    #[event(Opened)]
    pub(crate) fn open(owner: String) -> Self {
        Self { owner, balance: 0, entries: 0 }
    }

    /// Deposits an amount.
    #[event(Deposited)]
    pub(crate) fn deposit(&mut self, amount: i64) {
        self.balance += amount;
        self.entries += 1;
    }

    /// Withdraws an amount.
    #[event(Withdrawn)]
    pub(crate) fn withdraw(&mut self, amount: i64, fee: i64) {
        self.balance -= amount + fee;
        self.entries += 1;
    }

    /// Renames the owner.
    #[event(Renamed)]
    pub(crate) fn rename(&mut self, owner: String) {
        self.owner = owner;
    }
}
