#![deny(warnings)]

// The module stands for a crate that re-exports the runtime.
mod framework {
    pub mod events {
        pub use ::es_runtime::*;
    }
}

mod es_runtime {}

use framework::events::view::{BlockingTx, Result};
use framework::events::{Id, aggregate, mutator, projection};

#[aggregate(crate = crate::framework::events)]
pub struct Account {
    #[attribute]
    pub owner: String,
}

#[mutator(crate = crate::framework::events)]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }
}

pub struct Tx;

impl BlockingTx for Tx {}

pub struct Owners;

#[projection(Account, crate = framework::events, ..)]
impl Owners {
    const TABLES: &str = "";

    #[event]
    fn opened(_: &Opened, _: Id<Account>, _: &Tx) -> Result {
        Ok(())
    }

    #[attribute(owner)]
    fn renamed(_: &str, _: &Tx) {}
}

fn main() {}
