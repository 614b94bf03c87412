//! Readers and runners in pairs: ours, and a naive twin that does what seems to be enough.
//!
//! One driver runs both through one schedule, in which a commit gets a low position and appears late, or a process dies at
//! its commit. Ours is exact, and the twin is not. A [`Stage`] brings the schedules to a store. No schedule depends on time.

mod readers;
mod runners;

use es_runtime::{Application, Wait};
use serde_json::Value;

pub(crate) use self::readers::{
    FilterByHandled, FilterByHead, FilteredRange, Highest, Partial, Reader, ThroughMark,
};
pub(crate) use self::runners::{Database, Death, Naive, Order, Rows, Runner, surplus, wrong_after_deaths};
use crate::account::Account;

pub(crate) const DEPOSITED: &str = "Account.Deposited";

/// A log in which a test can hold a commit back.
pub(crate) trait Stage {
    fn app(&self) -> &Application;

    /// Stores a deposit on an account that has one version. The deposit gets its position now, and nobody can read it before
    /// [`show`](Self::show).
    fn hold_back(&mut self, account: Account, amount: i64);

    /// Lets the deposit appear that was held back.
    fn show(&mut self);

    /// Returns the rows after a position that a query of the log's table finds.
    fn query(&self, after: u64) -> Vec<Row>;
}

/// A row, as a query of the log's table finds it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) position: u64,
    topic: String,
    state: Value,
}

impl Row {
    pub(crate) fn new(position: u64, topic: &str, state: &[u8]) -> Self {
        Self { position, topic: topic.to_owned(), state: serde_json::from_slice(state).unwrap() }
    }

    /// Returns the amount, if the row is a deposit.
    fn deposit(&self) -> Option<i64> {
        (self.topic == DEPOSITED).then(|| self.state["data"]["amount"].as_i64().unwrap())
    }
}

/// Returns the deposits that a reader sees while a deposit of 2 appears behind one of 4.
pub(crate) fn seen_of_a_late_commit<S: Stage>(stage: &mut S, mut reader: impl Reader<S>) -> Vec<i64> {
    let (mut ann, bob) = two_accounts(stage.app());
    deposit(stage.app(), &mut ann, 1);
    let mut seen = reader.read_on(stage);
    stage.hold_back(bob, 2);
    deposit(stage.app(), &mut ann, 4);
    seen.extend(reader.read_on(stage));
    stage.show();
    deposit(stage.app(), &mut ann, 8);
    seen.extend(reader.read_on(stage));
    seen
}

/// Returns the deposits that a filter sees while a deposit of 2 appears behind three rows that are no deposits.
pub(crate) fn seen_behind_other_rows<S: Stage>(stage: &mut S, mut filter: impl Reader<S>) -> Vec<i64> {
    let (mut ann, bob) = two_accounts(stage.app());
    deposit(stage.app(), &mut ann, 1);
    let mut seen = filter.read_on(stage);
    stage.hold_back(bob, 2);
    for _ in 0..3 {
        ann.freeze();
        stage.app().save(&mut ann).wait().unwrap();
    }
    seen.extend(filter.read_on(stage));
    stage.show();
    for amount in [4, 8] {
        deposit(stage.app(), &mut ann, amount);
        seen.extend(filter.read_on(stage));
    }
    seen
}

fn two_accounts(app: &Application) -> (Account, Account) {
    let (mut ann, mut bob) = (Account::open("Ann".into()), Account::open("Bob".into()));
    app.save(&mut ann).wait().unwrap();
    app.save(&mut bob).wait().unwrap();
    (ann, bob)
}

fn deposit(app: &Application, account: &mut Account, amount: i64) {
    account.deposit(amount);
    app.save(account).wait().unwrap();
}
