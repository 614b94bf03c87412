use std::time::SystemTime;

use es_runtime::{Id, aggregate, clock::Timestamp, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub parent: Option<Id<Account>>,
    pub opened: Option<SystemTime>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, parent: Some(Id::new()), opened: Some(SystemTime::now()) }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        println!("{amount} at {:?}", Timestamp::now());
        self.balance += amount + std::env::var("FEE").map_or(0, |fee| fee.len() as i64);
    }

    #[event(Aged, allow(determinism))]
    pub fn age(&mut self) {
        self.opened = None;
    }
}

fn main() {}
