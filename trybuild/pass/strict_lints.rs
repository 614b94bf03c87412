//! An expansion keeps to the strictest lints.
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    nonstandard_style,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    unused,
    ambiguous_negative_literals,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    meta_variable_misuse,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_ascii_idents,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use es_runtime::testing::replay;
use es_runtime::{Aggregate, Envelope, Event, EventSet, Id, aggregate, event, mutator};
use serde::{Deserialize, Serialize};

/// So much of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Money {
    cents: i64,
}

/// As it was.
#[derive(Debug, Deserialize)]
pub struct OpenedV1 {
    name: String,
}

impl From<OpenedV1> for Opened {
    fn from(OpenedV1 { name }: OpenedV1) -> Self {
        Self { owner: name, parent: None }
    }
}

/// An account.
#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute(aliases = ["holder"])]
    owner: String,
    /// The amount.
    #[attribute(version = 2, upcast = u8)]
    pub limit: u16,
    balance: Money,
    parent: Option<Id<Account>>,
    notes: BTreeMap<String, Vec<Money>>,
}

/// A note.
#[event(topic = "noted", aliases = ["annotated"])]
pub struct Noted {
    /// Its text.
    pub text: String,
    /// Its amount.
    pub money: Money,
}

/// No more.
#[event]
#[derive(Copy)]
pub struct Closed;

/// A message.
#[derive(Clone, Debug, EventSet)]
pub enum Message {
    /// A note.
    Noted(Noted),
    /// The end.
    Closed(Closed),
}

#[mutator(retired = ["Account.Frozen"])]
impl Account {
    #[event(Opened, version = 2, upcast = OpenedV1)]
    pub fn open(owner: String, parent: Option<Id<Account>>) -> Self {
        Self { owner, limit: 0, balance: Money { cents: 0 }, parent, notes: BTreeMap::new() }
    }

    #[event(Deposited)]
    fn deposit(&mut self, money: Money, clerk: String, envelope: &Envelope) {
        self.balance.cents += money.cents;
        self.limit = u16::try_from(envelope.version().get()).unwrap_or(u16::MAX);
    }

    #[event(Paused)]
    fn pause(&mut self, days: u32) {
        self.limit = 0;
    }

    #[event]
    fn on_noted(&mut self, event: &Noted) {
        self.notes.entry(event.text.clone()).or_default().push(event.money.clone());
    }

    #[event]
    fn on_closed(&mut self, _: &Closed, _envelope: &Envelope) {
        self.owner.clear();
    }
}

fn main() {
    let mut account = Account::open("Ann".into(), None);
    account.deposit(Money { cents: 1 }, "Bob".into());
    account.pause(3);
    account.trigger(Noted { text: "a".into(), money: Money { cents: 1 } });
    account.set_limit(account.limit + 1);
    account.set_owner("Anna".into());
    account.trigger(Closed {});
    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert_eq!((again.limit, again.balance.cents, again.parent), (1, 1, None));
    drop(account.discard());
    assert_eq!((Account::NAME, Noted::TOPIC), ("Account", "noted"));
}
