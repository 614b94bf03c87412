#![deny(warnings)]
#![allow(dead_code, unused_macros)]

mod core {}
mod std {}
mod serde {}
mod es_runtime {}
mod diagnostic {}

struct Option;
struct Result;
struct Some;
struct None;
struct Ok;
struct Err;
struct Seen;
struct Projection;
struct Handler;
struct InMemory;
struct Topics;
struct Row;
trait Given {}
trait Handles {}
trait Send {}
trait Sync {}
trait Future {}
fn handler() {}
fn source() {}
fn wrong_handler() {}

macro_rules! match_ {
    () => {};
}

#[::es_runtime::aggregate]
pub struct Account {
    #[attribute]
    pub value: u64,
}

#[::es_runtime::mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { value: 0 }
    }
}

pub struct Balances(u64);

#[::es_runtime::projection(Account)]
impl Balances {
    #[event]
    fn apply(&mut self, handler: &Opened, seen: ::es_runtime::Id<Account>) {
        let _ = (handler, seen);
        self.0 += 1;
    }

    #[attribute(value)]
    fn read(&mut self, value: &u64) {
        self.0 += value;
    }

    #[discarded]
    fn handed(&mut self, row: ::es_runtime::Version) {
        let _ = row;
    }
}

fn main() {}
