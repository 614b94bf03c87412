//! A view in memory is started in a database, and the other way.

use es_runtime::view::BlockingTx;
use es_runtime::{Application, aggregate, mutator, projection};

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

pub struct Tx;

impl BlockingTx for Tx {}

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account, ..)]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 += 1;
    }
}

pub struct Rows;

#[projection(Account, ..)]
impl Rows {
    const TABLES: &str = "";
    #[event]
    fn opened(_: &Opened, _: &Tx) {}
}

fn start(app: &Application) {
    let _ = app.project(Rows).in_memory();
}

fn main() {}
