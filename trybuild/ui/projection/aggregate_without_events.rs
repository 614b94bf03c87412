//! The aggregate has no `#[mutator]`.

use es_runtime::{aggregate, event, projection};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[derive(Default)]
pub struct Balances(i64);

#[event]
pub struct Opened {
    pub amount: i64,
}

#[projection(Account)]
impl Balances {
    #[event]
    fn opened(&mut self, event: &Opened) {
        self.0 += event.amount;
    }
}

fn main() {}
