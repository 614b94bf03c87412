//! The block is being typed: the compiler reports that, and callers see no other error.

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

#[derive(Default)]
pub struct Balances(i64);

#[projection(Account)]
impl Balances {
    #[event]
    fn opened(&mut self, _: &Opened) {
        self.0 +=
    }
    #[discarded]
    fn gone(&mut self) {
        self.0 -= 1;
    }
}

fn start(app: &Application) {
    let _ = app.project(Balances::default()).in_memory();
}

fn main() {}
