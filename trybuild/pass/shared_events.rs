#![deny(warnings)]

use es_runtime::testing::encode;
use es_runtime::{Registry, aggregate, event, mutator};

#[event]
pub struct Opened {
    pub name: String,
}

#[event(topic = "bank.closed")]
pub struct Closed;

#[aggregate]
pub struct Account {
    pub name: String,
    pub open: bool,
}

#[mutator]
impl Account {
    #[event]
    fn opened(event: &Opened) -> Self {
        Self { name: event.name.clone(), open: true }
    }

    #[event]
    fn closed(&mut self, _: &Closed) {
        self.open = false;
    }
}

#[aggregate]
pub struct Branch {
    pub name: String,
}

#[mutator]
impl Branch {
    #[event]
    fn opened(event: &Opened) -> Self {
        Self { name: event.name.to_uppercase() }
    }

    #[event]
    fn closed(&mut self, _closed: &Closed) {
        self.name.clear();
    }
}

fn main() {
    let mut account = Account::create_from(Opened { name: "Ann".into() });
    account.trigger(Closed {});
    assert_eq!((account.name.as_str(), account.open), ("Ann", false));
    let mut branch = Branch::create_from(Opened { name: "Bern".into() });
    assert_eq!(branch.name, "BERN");
    branch.trigger(Closed {});
    assert_eq!(branch.name, "");
    assert_eq!(
        encode::<Account>(account.pending()[1].event()),
        encode::<Branch>(branch.pending()[1].event())
    );
    assert_eq!(encode::<Account>(account.pending()[1].event()).data(), "{}");
    assert!(Registry::global().unwrap().event("bank.closed").is_some());
}
