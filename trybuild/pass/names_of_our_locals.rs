#![deny(warnings)]

use es_runtime::testing::{decode, replay};
use es_runtime::{Envelope, aggregate, event, mutator};

#[event]
pub struct Noted {
    pub event: String,
    pub state: u8,
}

#[aggregate]
pub struct Account {
    #[attribute]
    pub id: u64,
    #[attribute]
    pub version: u64,
    #[attribute]
    pub state: u64,
    #[attribute]
    pub value: u64,
    #[attribute]
    pub name: String,
    pub pending: u64,
    pub root: u64,
    pub trigger: u64,
    pub created_at: u64,
    pub event: u64,
    pub envelope: u64,
    pub visitor: u64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(id: u64, event: u64, envelope: u64, state: u64, given: &Envelope) -> Self {
        let version = given.version().get();
        Self {
            id,
            version,
            state,
            value: 0,
            name: String::new(),
            pending: 0,
            root: 0,
            trigger: 0,
            created_at: 0,
            event,
            envelope,
            visitor: 0,
        }
    }

    #[event(Changed)]
    #[allow(clippy::too_many_arguments)]
    pub fn change(
        &mut self,
        event: u64,
        id: u64,
        topic: u64,
        data: u64,
        visitor: u64,
        root: u64,
        this: u64,
        f: u64,
    ) {
        self.event = event + id + topic + data + visitor + root + this + f;
    }

    #[event]
    fn on_noted(&mut self, envelope: &Noted, event: &Envelope) {
        self.visitor = u64::from(envelope.state) + event.version().get() + envelope.event.len() as u64;
    }
}

fn main() {
    let id = es_runtime::Id::new();
    let mut account = Account::open_with_id(id, 1, 2, 3, 4);
    assert_eq!((account.id(), account.version()), (id, 1.into()));
    assert_eq!(
        (account.id, account.version, account.event, account.envelope, account.state),
        (1, 1, 2, 3, 4)
    );
    account.change(1, 1, 1, 1, 1, 1, 1, 1);
    account.set_id(9);
    account.set_version(9);
    account.set_state(9);
    account.set_value(9);
    account.set_name("Ann".into());
    account.trigger(Noted { event: "ab".into(), state: 1 });
    assert_eq!((account.id, account.event, account.visitor), (9, 8, 1 + 8 + 2));
    assert_eq!(account.pending().len(), 8);
    assert_eq!(account.pending, 0);
    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert_eq!((again.value, again.name.as_str()), (9, "Ann"));
    decode::<Account>("Account.AttributeChanged", 1, r#"{"name":"value","value":3}"#).unwrap();
}
