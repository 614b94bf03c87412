//! The user may write `Debug` by hand, for the root as for the state.
#![deny(warnings)]

use std::fmt;

use es_runtime::{aggregate, mutator};

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
}

impl fmt::Debug for AccountState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no balance here")
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} with {:?}", self.version(), self.state())
    }
}

fn main() {
    assert_eq!(format!("{:?}", Account::open()), "account 1 with no balance here");
}
