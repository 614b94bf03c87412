//! The application whose log is derived: it knows names.

use es_runtime::{aggregate, mutator};

#[aggregate]
pub(crate) struct Account {
    pub(crate) owner: String,
    pub(crate) cents: i64,
}

#[mutator(visibility = pub(crate))]
impl Account {
    #[event(Opened)]
    pub(crate) fn open(owner: String) -> Self {
        Self { owner, cents: 0 }
    }

    /// The reference names the payment, by whichever way the bank hears of it.
    #[event(PaidIn)]
    pub(crate) fn pay_in(&mut self, cents: i64, reference: String) {
        self.cents += cents;
    }
}
