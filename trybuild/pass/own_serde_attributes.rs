#![deny(warnings)]

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
    assert_eq!(replay::<Account>(account.pending().to_vec()).unwrap().balance, Money(3));
}
