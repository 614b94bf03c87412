//! One build shows every mistake, and callers see no other error.

use es_runtime::view::BlockingTx;
use es_runtime::{Application, Id, aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[aggregate]
pub struct Order {
    #[attribute]
    pub note: String,
}

#[mutator]
impl Order {
    #[event(Placed)]
    pub fn place(note: String) -> Self {
        Self { note }
    }
}

pub struct Tx;

impl BlockingTx for Tx {}

pub struct Balances;

#[projection(Account, version = 0, ignore = [Opened, owner])]
impl Balances {
    #[event]
    fn opened(_: Opened, _: &Tx) {}
    #[event]
    fn deposited(_: &Deposited, _: Id<Order>, _: &Tx) {}
    #[attribute("owner")]
    fn renamed(_: &str, _: &Tx) {}
    #[discarded(Account)]
    fn gone(_: &Tx) {}
    #[event]
    async fn placed(_: &Placed, _: &Tx) -> i64 {
        0
    }
}

fn start(app: &Application) {
    let _ = app.project(Balances);
    Balances::opened(Opened { owner: "Ann".into() }, &Tx);
}

fn main() {}
