#![deny(warnings, unused_qualifications)]

use es_runtime::testing::{encode, replay};
use es_runtime::{aggregate, event, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money(i64);

// A name that an expansion could use for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct This(u8);

#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute]
    pub limit: Option<Money>,
    pub this: Vec<This>,
    #[cfg(any())]
    pub gone: Money,
    #[cfg(all())]
    pub there: (Money, i64),
    pub r#type: String,
}

#[event]
pub struct Paid {
    pub money: Money,
    pub r#type: Option<This>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(r#type: String, f: Money, this: Vec<This>) -> Self {
        Self { limit: None, this, there: (f, 0), r#type }
    }

    #[event(Closed)]
    #[cfg(any())]
    pub fn close(&mut self, money: Money) {}

    #[event]
    fn paid(&mut self, event: &Paid) {
        self.there.0 = event.money.clone();
        self.this.extend(event.r#type.clone());
    }
}

fn main() {
    let mut account = Account::open("checking".into(), Money(1), vec![This(2)]);
    account.trigger(Paid { money: Money(3), r#type: Some(This(4)) });
    account.set_limit(Some(Money(5)));
    assert_eq!(
        format!("{:?}", account.pending()[0].event().clone()),
        r#"Opened { type: "checking", f: Money(1), this: [This(2)] }"#
    );
    assert_eq!(
        format!("{:?}", account.pending()[1].event()),
        "Paid { money: Money(3), type: Some(This(4)) }"
    );
    assert_eq!(format!("{:?}", account.pending()[2].event()), "Limit(Some(Money(5)))");
    assert_eq!(encode::<Account>(account.pending()[1].event()).data(), r#"{"money":3,"type":4}"#);
    let replayed = replay::<Account>(account.pending().to_vec()).unwrap();
    assert_eq!(replayed.there, (Money(3), 0));
    assert_eq!(replayed.this, [This(2), This(4)]);
    assert_eq!(replayed.limit, Some(Money(5)));
}
