//! Derives for events, other names for the state and the enum, and events in a module.
#![deny(warnings)]

use es_runtime::{aggregate, mutator};
use serde::Serialize;

/// Two names that our macros would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountState {
    Open,
}

#[derive(Debug)]
pub enum AccountEvent {
    Seen,
}

pub mod money {
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Money(pub i64);
}

#[aggregate(state = AccountData)]
#[derive(Debug, PartialEq)]
pub struct Account {
    #[attribute]
    pub owner: String,
    pub balance: i64,
}

#[mutator(state = AccountData, events = AccountChange, events_in = account, derive(PartialEq))]
impl Account {
    #[event(Created, derive(Eq, Hash))]
    pub fn create(owner: String) -> Self {
        Self { owner, balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: self::money::Money) {
        self.add(amount.0);
    }

    fn add(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[aggregate]
pub struct Page {
    pub title: String,
}

#[mutator(events_in = page, derive(PartialEq))]
impl Page {
    #[event(Created)]
    pub fn create(title: String) -> Self {
        Self { title }
    }
}

fn hashed<T: std::hash::Hash + Eq>(_: &T) {}

fn written(_: &impl Serialize) {}

fn title(event: PageEvent) -> Option<String> {
    // No arm for `AttributeChanged`: a page has no attributes.
    match event {
        PageEvent::Created(page::Created { title }) => Some(title),
        PageEvent::Discarded => None,
    }
}

fn main() {
    let mut account = Account::create("Ann".into());
    account.deposit(money::Money(10));
    account.set_owner("Anna".into());
    let events: Vec<_> = account.pending().iter().map(|recorded| recorded.event().clone()).collect();
    let created = account::Created { owner: "Ann".into() };
    hashed(&created);
    assert_eq!(events[0], AccountChange::Created(created));
    assert_eq!(events[1], AccountChange::Deposited(account::Deposited { amount: money::Money(10) }));
    assert_eq!(events[2], AccountChange::AttributeChanged(AccountAttribute::Owner("Anna".into())));
    written(&events[1]);

    let other = Account::create_with_id(account.id(), "Anna".into());
    assert_ne!(account, other);
    assert_eq!(account, account);
    written(account.state());
    assert_eq!(account.into_state(), AccountData { owner: "Anna".into(), balance: 10 });

    let page = Page::create("Home".into());
    let event = page.pending()[0].event().clone();
    assert_eq!(title(event).as_deref(), Some("Home"));
    let (state, event) = (AccountState::Open, AccountEvent::Seen);
    println!("{state:?} {event:?}");
}
