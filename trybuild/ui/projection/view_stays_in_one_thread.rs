//! The view holds an `Rc` and a `RefCell`.

use es_runtime::{aggregate, mutator, projection};
use std::cell::RefCell;
use std::rc::Rc;

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
pub struct Balances {
    rows: Rc<RefCell<i64>>,
}

#[projection(Account, ..)]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        *self.rows.borrow_mut() += 1;
    }
}

fn main() {}
