//! A type without `#[projection]` is started.

use es_runtime::{Application, aggregate, mutator};

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

pub struct Balances;

fn start(app: &Application) {
    let _ = app.project(Balances);
}

fn main() {}
