//! A projection of each kind.
#![deny(warnings)]

use std::collections::HashMap;

use es_runtime::view::{AsyncTx, BlockingTx, Result};
use es_runtime::{Id, aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
    #[attribute(name = "credit")]
    pub limit: i64,
    pub balance: i64,
}

#[mutator(retired = ["Account.Frozen"])]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, limit: 0, balance: 0 }
    }
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[derive(Default)]
pub struct Balances {
    pub by_id: HashMap<Id<Account>, (String, i64)>,
}

#[projection(Account)]
impl Balances {
    #[event]
    fn opened(&mut self, event: &Opened, id: Id<Account>) {
        self.by_id.insert(id, (event.owner.clone(), 0));
    }
    #[event]
    fn deposited(&mut self, Deposited { amount }: &Deposited, id: Id<Account>) {
        self.by_id.entry(id).or_default().1 += amount;
    }
    #[attribute(owner)]
    fn renamed(&mut self, owner: &str, id: Id<Account>) {
        self.by_id.entry(id).or_default().0 = owner.to_owned();
    }
    #[attribute(limit)]
    fn limited(&mut self, _: &i64) {}
    #[discarded]
    #[forgotten]
    #[retired("Account.Frozen")]
    fn gone(&mut self, id: Id<Account>) {
        self.by_id.remove(&id);
    }
}

pub struct Tx;
impl BlockingTx for Tx {}
pub struct PgTx;
impl AsyncTx for PgTx {}

pub struct InFile;

#[projection(Account, ignore = [owner, limit, discarded])]
impl InFile {
    const TABLES: &str = "";
    #[event]
    fn opened(_: &Opened, tx: &Tx, _: Id<Account>) -> Result {
        let _ = tx;
        Ok(())
    }
    #[event]
    fn deposited(&self, _: &Deposited, _: &Tx) {}
}

pub struct InSchema;

#[projection(Account, ..)]
impl InSchema {
    const TABLES: &str = "";
    #[event]
    async fn opened(_: &Opened, tx: &PgTx, _: Id<Account>) -> Result {
        let _ = tx;
        Ok(())
    }
}

fn main() {}
