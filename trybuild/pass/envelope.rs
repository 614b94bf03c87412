#![deny(warnings)]

use es_runtime::clock::Timestamp;
use es_runtime::testing::{encode, replay};
use es_runtime::{Envelope, Version, aggregate, event, mutator};

#[event]
pub struct Noted {
    pub note: String,
}

#[event]
pub struct Imported {
    pub balance: i64,
}

#[aggregate]
#[derive(PartialEq, Debug)]
pub struct Account {
    pub number: String,
    pub seen: Vec<Version>,
    pub last: Timestamp,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(envelope: &Envelope) -> Self {
        Self { number: envelope.id().to_string(), seen: vec![envelope.version()], last: envelope.timestamp() }
    }

    #[event]
    fn on_imported(envelope: &es_runtime::Envelope, event: &Imported) -> Self {
        Self { number: event.balance.to_string(), seen: vec![envelope.version()], last: envelope.timestamp() }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, envelope: &::es_runtime::event::Envelope, amount: i64) {
        self.seen.push(Version::from((envelope.version().get() * 100) as u32 + amount as u32));
        self.last = envelope.timestamp();
    }

    #[event]
    fn on_noted(&mut self, event: &Noted, envelope: &Envelope) {
        self.seen.push(envelope.version());
        self.number.push_str(&event.note);
    }
}

fn main() {
    let mut account = Account::open();
    assert_eq!(account.number, account.id().to_string());
    account.deposit(7);
    account.trigger(Noted { note: "!".into() });
    assert_eq!(account.seen, [1, 207, 3].map(Version::from));
    assert_eq!(account.last, account.pending()[1].envelope().timestamp());
    assert_eq!(encode::<Account>(account.pending()[0].event()).data(), "{}");
    assert_eq!(encode::<Account>(account.pending()[1].event()).data(), r#"{"amount":7}"#);
    assert_eq!(**replay::<Account>(account.pending().to_vec()).unwrap(), **account);
    assert_eq!(Account::create_from(Imported { balance: 3 }).number, "3");
}
