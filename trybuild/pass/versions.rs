#![deny(warnings)]

use es_runtime::testing::{decode, encode};
use es_runtime::{Event, aggregate, event, mutator};
use serde::{Deserialize, Serialize};

// The older shapes are plain serde types; each is made from the one before it.
#[derive(Serialize, Deserialize)]
pub struct OpenedV1 {
    name: String,
}

#[derive(Serialize, Deserialize)]
pub struct OpenedV2 {
    first: String,
    last: String,
}

impl From<OpenedV1> for OpenedV2 {
    fn from(OpenedV1 { name }: OpenedV1) -> Self {
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        Self { first: first.into(), last: last.into() }
    }
}

impl From<OpenedV2> for Opened {
    fn from(OpenedV2 { first, last }: OpenedV2) -> Self {
        Self { owner: format!("{last}, {first}") }
    }
}

mod old {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Deposited {
        pub cents: i64,
    }
}

impl From<old::Deposited> for Deposited {
    fn from(old::Deposited { cents }: old::Deposited) -> Self {
        Self { amount: cents as f64 / 100.0 }
    }
}

#[event(topic = "deposited", aliases = ["Account.Deposited"], version = 2, upcast = old::Deposited)]
pub struct Deposited {
    pub amount: f64,
}

#[aggregate(name = "BankAccount", id_namespace = "Account")]
pub struct Account {
    pub owner: String,
    pub balance: f64,
    #[attribute(name = "limit", aliases = ["max"], version = 3, upcast = [u8, u16])]
    pub upper_limit: u32,
    #[attribute(version = 2, upcast = [String])]
    pub branch: Option<String>,
}

#[mutator(retired = ["Account.Frozen"])]
impl Account {
    #[event(Opened, version = 3, upcast = [OpenedV1, OpenedV2], aliases = ["Account.Opened"])]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0.0, upper_limit: 0, branch: None }
    }

    #[event]
    fn on_deposited(&mut self, event: &Deposited) {
        self.balance += event.amount;
    }
}

fn main() {
    for (topic, version, data) in [
        ("BankAccount.Opened", 1, r#"{"name":"Ann Lee"}"#),
        ("Account.Opened", 2, r#"{"first":"Ann","last":"Lee"}"#),
        ("BankAccount.Opened", 3, r#"{"owner":"Lee, Ann"}"#),
    ] {
        let AccountEvent::Opened(Opened { owner }) = decode::<Account>(topic, version, data).unwrap() else {
            panic!("another event")
        };
        assert_eq!(owner, "Lee, Ann");
    }
    let event = decode::<Account>("Account.Deposited", 1, r#"{"cents":150}"#).unwrap();
    assert_eq!(encode::<Account>(&event).data(), r#"{"amount":1.5}"#);
    assert_eq!((Deposited::VERSION, Opened::VERSION), (2, 3));

    let changed =
        decode::<Account>("BankAccount.AttributeChanged", 1, r#"{"name":"max","v":2,"value":300}"#).unwrap();
    assert_eq!(encode::<Account>(&changed).data(), r#"{"name":"limit","v":3,"value":300}"#);
    let mut account = Account::open("Lee, Ann".into());
    account.set_upper_limit(70_000);
    account.set_branch(Some("Bern".into()));
    assert_eq!((account.upper_limit, account.branch.as_deref()), (70_000, Some("Bern")));
    assert_eq!(es_runtime::Id::<Account>::from_key("x"), {
        use es_runtime::{aggregate, mutator};

        #[aggregate(name = "Account")]
        struct Before {}

        #[mutator(visibility = pub(crate))]
        impl Before {
            #[event(Made)]
            pub fn make() -> Self {
                Self {}
            }
        }

        _ = Before::make();
        es_runtime::Id::from_uuid(es_runtime::Id::<Before>::from_key("x").uuid())
    });
}
