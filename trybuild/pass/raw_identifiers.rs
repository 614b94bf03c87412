#![deny(warnings)]

use es_runtime::testing::{decode, encode, replay};
use es_runtime::{aggregate, event, mutator};

#[aggregate]
#[derive(Debug, PartialEq)]
pub struct r#Account {
    #[attribute]
    pub r#type: String,
    pub r#in: i64,
}

#[event]
pub struct r#Moved {
    pub r#where: String,
}

#[mutator]
impl r#Account {
    #[event(r#Opened)]
    pub fn r#try(r#type: String) -> Self {
        Self { r#type, r#in: 0 }
    }

    #[event(Deposited)]
    pub fn r#move(&mut self, r#as: i64, mut r#mut: i64) {
        r#mut += r#as;
        self.r#in += r#mut;
    }

    #[event]
    fn r#on(&mut self, r#struct: &r#Moved) {
        self.r#type.push_str(&r#struct.r#where);
    }
}

fn main() {
    let mut account = Account::r#try("giro".into());
    account.r#move(2, 3);
    account.set_type("savings".into());
    account.trigger(Moved { r#where: "!".into() });
    assert_eq!((account.r#type.as_str(), account.r#in), ("savings!", 5));

    let stored: Vec<_> = account.pending().iter().map(|event| encode::<Account>(event.event())).collect();
    assert_eq!((stored[0].topic(), stored[0].data()), ("Account.Opened", r#"{"type":"giro"}"#));
    assert_eq!((stored[1].topic(), stored[1].data()), ("Account.Deposited", r#"{"as":2,"mut":3}"#));
    assert_eq!(
        (stored[2].topic(), stored[2].data()),
        ("Account.AttributeChanged", r#"{"name":"type","value":"savings"}"#)
    );
    assert_eq!((stored[3].topic(), stored[3].data()), ("Moved", r#"{"where":"!"}"#));
    for event in stored {
        decode::<Account>(event.topic(), event.version(), event.data()).unwrap();
    }
    let again: Account = replay(account.pending().to_vec()).unwrap();
    assert_eq!(**again, **account);
    assert_eq!(Account::try_with_id(again.id(), "giro".into()).id(), account.id());
}
