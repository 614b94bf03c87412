//! The account with the macros.

use es_runtime::{aggregate, mutator};

#[aggregate]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) balance: i64,
    pub(crate) entries: u64,
}

#[mutator(visibility = pub(crate))]
impl Account {
    #[event(Opened)]
    pub(crate) fn open(owner: String) -> Self {
        Self { owner, balance: 0, entries: 0 }
    }

    #[event(Deposited)]
    pub(crate) fn deposit(&mut self, amount: i64) {
        self.balance += amount;
        self.entries += 1;
    }

    #[event(Withdrawn)]
    pub(crate) fn withdraw(&mut self, amount: i64, fee: i64) {
        self.balance -= amount + fee;
        self.entries += 1;
    }

    #[event(Renamed)]
    pub(crate) fn rename(&mut self, owner: String) {
        self.owner = owner;
    }
}
