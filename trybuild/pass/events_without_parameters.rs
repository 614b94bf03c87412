#![deny(warnings)]

use es_runtime::testing::{decode, encode, replay};
use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Frozen;

#[event]
#[derive(Default, PartialEq)]
pub struct Thawed {}

#[event(topic = "account.begun")]
pub struct Begun;

#[aggregate]
pub struct Account {}

#[mutator]
impl Account {
    #[event]
    fn begun(_: &Begun) -> Self {
        Self {}
    }

    #[event(Opened)]
    pub fn open() -> Self {
        Self {}
    }

    #[event(Closed)]
    pub fn close(&mut self) {}

    #[event]
    fn frozen(&mut self, _: &Frozen) {}

    #[event]
    fn thawed(&mut self, Thawed {}: &Thawed) {}
}

fn main() {
    let mut account = Account::create_from(Begun {});
    account.close();
    account.trigger(Frozen {});
    account.trigger(Thawed::default());
    for event in account.pending() {
        let stored = encode::<Account>(event.event());
        assert_eq!(stored.data(), "{}");
        // A field that comes later is no reason to fail.
        decode::<Account>(stored.topic(), 1, r#"{"later":1}"#).unwrap();
    }
    assert_eq!(replay::<Account>(account.pending().to_vec()).unwrap().version(), 4);
    assert_eq!(Account::open().version(), 1);
}
