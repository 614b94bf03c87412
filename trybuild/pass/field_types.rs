#![deny(warnings)]
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap, HashSet};

use es_runtime::testing::{decode, encode, replay};
use es_runtime::{Id, aggregate, event, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money<T> {
    pub amount: T,
    pub currency: Currency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Currency {
    Euro,
    Franc,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Owner {
    Nobody,
    Person(String),
    Company { name: String, members: Vec<Owner> },
}

pub trait Numbered {
    type Number;
}

pub struct Swiss;

impl Numbered for Swiss {
    type Number = u32;
}

pub type Rates = BTreeMap<Currency, f64>;

#[aggregate]
#[derive(Debug, PartialEq)]
pub struct Account {
    #[attribute]
    pub owner: Option<Owner>,
    #[attribute]
    pub limits: HashMap<String, Vec<Option<Money<i64>>>>,
    pub seen: HashSet<Id<Account>>,
    pub rates: Rates,
    pub pair: (u8, (char, bool)),
    pub number: <Swiss as Numbered>::Number,
    pub code: [u8; 4],
    pub boxed: Box<Money<i64>>,
    pub shared: std::marker::PhantomData<fn() -> String>,
    pub nothing: (),
    pub macroed: list!(u8),
}

#[macro_export]
macro_rules! list {
    ($of:ty) => { Vec<$of> };
}

#[event]
pub struct Rated {
    pub rates: Rates,
    pub nested: Vec<HashMap<String, (Money<u8>, Option<Box<Owner>>)>>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(
        owner: Option<Owner>,
        money: Money<i64>,
        code: [u8; 4],
        number: <Swiss as Numbered>::Number,
    ) -> Self {
        Self {
            owner,
            limits: HashMap::new(),
            seen: HashSet::new(),
            rates: Rates::new(),
            pair: (1, ('a', true)),
            number,
            code,
            boxed: Box::new(money),
            shared: std::marker::PhantomData,
            nothing: (),
            macroed: vec![1],
        }
    }

    #[event(Seen)]
    pub fn see(&mut self, by: Id<Self_>, in_all: list!(Option<u8>)) {
        self.seen.insert(by);
        self.macroed.extend(in_all.into_iter().flatten());
    }

    #[event]
    fn on_rated(&mut self, event: &Rated) {
        self.rates.clone_from(&event.rates);
        self.limits.clear();
    }
}

type Self_ = Account;

fn main() {
    let money = Money { amount: 3, currency: Currency::Euro };
    let mut account = Account::open(Some(Owner::Nobody), money.clone(), *b"CH12", 7);
    account.see(account.id(), vec![Some(2), None]);
    account.set_limits(HashMap::from([("day".into(), vec![None, Some(money)])]));
    account.set_owner(Some(Owner::Company {
        name: "Ann & Co".into(),
        members: vec![Owner::Person("Ann".into())],
    }));
    account.trigger(Rated { rates: BTreeMap::from([(Currency::Franc, 0.5)]), nested: vec![] });
    assert_eq!(account.macroed, [1, 2]);
    for event in account.pending() {
        let stored = encode::<Account>(event.event());
        decode::<Account>(stored.topic(), stored.version(), stored.data()).unwrap();
    }
    assert_eq!(**replay::<Account>(account.pending().to_vec()).unwrap(), **account);
}
