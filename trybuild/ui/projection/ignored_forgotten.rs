//! `ignore` names a row that no projection has to handle.

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

#[projection(Account, ignore = [discarded, forgotten])]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
}

fn main() {}
