//! The aggregate of both sides.

use es_runtime::{aggregate, mutator};

#[aggregate]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub(crate) fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }

    #[event(Deposited)]
    pub(crate) fn deposit(&mut self, amount: i64, reference: String) {
        self.balance += amount;
    }
}

/// The text that each deposit stores.
pub(crate) const REFERENCE: &str = "invoice 2026-0815";
