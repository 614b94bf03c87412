//! The bank account of most tests.

use es_runtime::{aggregate, mutator};

#[aggregate(discard = pub(crate))]
#[derive(Debug)]
pub(crate) struct Account {
    #[attribute]
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
    pub(crate) fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    #[event(Withdrawn)]
    fn take(&mut self, amount: i64) {
        self.balance -= amount;
    }

    #[event(Frozen)]
    pub(crate) fn freeze(&mut self) {}

    pub(crate) fn is_overdrawn(&self) -> bool {
        self.balance < 0
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overdrawn;

impl Account {
    pub(crate) fn withdraw(&mut self, amount: i64) -> Result<(), Overdrawn> {
        if amount > self.balance {
            return Err(Overdrawn);
        }
        self.take(amount);
        Ok(())
    }
}

pub(crate) fn opened() -> Opened {
    Opened { owner: "Ann".into() }
}

pub(crate) fn open() -> Account {
    Account::open("Ann".into())
}
