#![no_implicit_prelude]
#![deny(warnings)]

#[::es_runtime::aggregate]
#[derive(::std::fmt::Debug)]
pub struct Account {
    #[attribute]
    pub owner: ::std::string::String,
    pub balance: i64,
    pub notes: ::std::vec::Vec<::std::option::Option<::std::string::String>>,
}

#[::es_runtime::event(version = 2, upcast = NotedV1)]
pub struct Noted {
    pub note: ::std::string::String,
}

#[derive(::serde::Deserialize, ::serde::Serialize)]
pub struct NotedV1 {}

impl ::std::convert::From<NotedV1> for Noted {
    fn from(_: NotedV1) -> Self {
        Self { note: ::std::string::String::new() }
    }
}

#[::es_runtime::mutator(retired = ["Account.Old"])]
impl Account {
    #[event(Opened)]
    pub fn open(owner: ::std::string::String) -> Self {
        Self { owner, balance: 0, notes: ::std::vec::Vec::new() }
    }

    #[event(Deposited, topic = "deposited", aliases = ["paid"])]
    pub fn deposit(&mut self, amount: i64, _envelope: &::es_runtime::Envelope) {
        self.balance += amount;
    }

    #[event]
    fn on_noted(&mut self, event: &Noted) {
        self.notes.push(::std::option::Option::Some(::std::clone::Clone::clone(&event.note)));
    }
}

fn main() {
    let mut account = Account::open(::std::convert::From::from("Ann"));
    account.deposit(1);
    account.set_owner(::std::convert::From::from("Anna"));
    account.trigger(Noted { note: ::std::string::String::new() });
    ::std::assert_eq!((account.balance, account.notes.len()), (1, 1));
    ::std::mem::drop(account.discard());
}
