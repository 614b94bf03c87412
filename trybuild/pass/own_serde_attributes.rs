#![deny(warnings)]

use std::collections::BTreeMap;

use es_runtime::testing::{decode, encode, replay};
use es_runtime::{aggregate, event, mutator};

// Neither `Serialize` nor `Deserialize`: the user writes both.
#[derive(Clone, Debug, PartialEq)]
pub struct Money(i64);

mod money {
    use super::Money;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&money.0.to_string())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Money).map_err(serde::de::Error::custom)
    }
}

#[aggregate]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    #[serde(with = "money")]
    pub balance: Money,
    #[attribute]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<i64>,
    #[serde(default)]
    pub cached: u64,
}

#[event]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Withdrawn {
    #[serde(with = "money")]
    pub total_amount: Money,
    #[serde(default)]
    pub note: String,
}

// Right, though it looks like something that the macro refuses.
#[event]
#[serde(default)]
pub struct Noted {
    #[serde(rename(serialize = "text"), alias = "text")]
    pub note: String,
    #[serde(rename(serialize = "b", deserialize = "b"), alias = "a")]
    pub by: String,
    #[serde(rename = "by")]
    pub clerk: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    #[serde(serialize_with = "serde::Serialize::serialize", deserialize_with = "number")]
    pub count: u64,
    #[serde(flatten, skip_serializing_if = "BTreeMap::is_empty")]
    pub rest: BTreeMap<String, i64>,
}

impl Default for Noted {
    fn default() -> Self {
        Self {
            note: String::new(),
            by: String::new(),
            clerk: String::new(),
            lines: Vec::new(),
            words: Vec::new(),
            urgent: false,
            count: 0,
            rest: BTreeMap::new(),
        }
    }
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    serde::Deserialize::deserialize(deserializer)
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(
        #[serde(with = "money")] balance: Money,
        #[serde(rename = "by", alias = "clerk", default)] opened_by: String,
    ) -> Self {
        Self { balance, credit_limit: None, cached: opened_by.len() as u64 }
    }

    #[event]
    fn on_noted(&mut self, event: &Noted) {
        self.cached = event.count;
    }

    #[event]
    fn on_withdrawn(&mut self, event: &Withdrawn) {
        self.balance.0 -= event.total_amount.0;
    }
}

fn main() {
    let mut account = Account::open(Money(5), "Bob".into());
    account.trigger(Withdrawn { total_amount: Money(2), note: String::new() });
    account.set_credit_limit(Some(1));
    assert_eq!(account.balance, Money(3));
    assert_eq!(encode::<Account>(account.pending()[0].event()).data(), r#"{"balance":"5","by":"Bob"}"#);
    assert_eq!(encode::<Account>(account.pending()[1].event()).data(), r#"{"TOTAL_AMOUNT":"2","NOTE":""}"#);
    decode::<Account>("Account.Opened", 1, r#"{"balance":"5","clerk":"Bob"}"#).unwrap();
    decode::<Account>("Account.Opened", 1, r#"{"balance":"5"}"#).unwrap();
    decode::<Account>("Withdrawn", 1, r#"{"TOTAL_AMOUNT":"5"}"#).unwrap();
    let note = decode::<Account>("Noted", 1, r#"{"text":"a","a":"b","by":"c","x":1}"#).unwrap();
    assert_eq!(encode::<Account>(&note).data(), r#"{"text":"a","b":"b","by":"c","count":0,"x":1}"#);
    assert_eq!(replay::<Account>(account.pending().to_vec()).unwrap().balance, Money(3));
}
