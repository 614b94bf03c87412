//! The event belongs to another module alone.

use es_runtime::{aggregate, mutator, projection};

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

mod bank {
    use super::*;

    #[aggregate]
    pub struct Vault {
        pub coins: i64,
    }

    #[mutator(visibility = pub(self))]
    impl Vault {
        #[event(Built)]
        pub fn build() -> Self {
            Self { coins: 0 }
        }
    }
}

#[derive(Default)]
pub struct Balances(i64);

#[projection(bank::Vault, ..)]
impl Balances {
    #[event]
    fn built(&mut self, _: &bank::Built) {
        self.0 += 1;
    }
}

fn main() {}
