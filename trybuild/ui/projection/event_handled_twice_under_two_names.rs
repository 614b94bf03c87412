//! Two methods handle one event, which has two names here.

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

#[derive(Default)]
pub struct Balances(i64);

use self::Opened as AccountOpened;

#[projection(Account, ..)]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
    #[event]
    fn counted(&mut self, _: &AccountOpened) {
        self.0 += 1;
    }
}

fn main() {}
