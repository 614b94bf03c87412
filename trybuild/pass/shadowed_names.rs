#![deny(warnings)]
#![allow(dead_code, unused_macros)]

mod core {}
mod std {}
mod serde {}
mod es_runtime {}
mod diagnostic {}

struct Option;
struct Result;
struct Vec;
struct String;
struct Box;
struct Some;
struct None;
struct Ok;
struct Err;
struct Root;
struct Event;
struct Aggregate;
struct State;
struct Id;
struct Seal;
struct Envelope;
trait Clone {}
trait Debug {}
trait From {}
trait Into {}
trait Default {}
trait Fn {}
trait Sized {}
trait Send {}
trait Sync {}
trait Drop {}
trait Deref {}
trait Serialize {}
trait Deserialize {}
fn drop() {}

macro_rules! panic {
    () => {};
}
macro_rules! concat {
    () => {};
}
macro_rules! matches {
    () => {};
}
macro_rules! stringify {
    () => {};
}

#[::es_runtime::aggregate]
pub struct Account {
    #[attribute(version = 2, upcast = u32)]
    pub limit: u64,
    pub owner: ::std::string::String,
}

#[::es_runtime::event]
pub struct Renamed {
    pub owner: ::std::option::Option<::std::string::String>,
}

#[::es_runtime::mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: ::std::string::String) -> Self {
        Self { limit: 0, owner }
    }

    #[event]
    fn on_renamed(&mut self, event: &Renamed) {
        self.owner = event.owner.clone().unwrap_or_default();
    }
}

fn main() {
    let mut account = Account::open("Ann".into());
    account.set_limit(1);
    account.trigger(Renamed { owner: ::std::option::Option::None });
    assert_eq!((account.limit, account.owner.as_str()), (1, ""));
    let again: Account = ::es_runtime::testing::replay(account.pending().to_vec()).unwrap();
    assert_eq!(again.limit, 1);
}
