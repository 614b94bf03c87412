#![deny(warnings)]

use es_runtime::{Id, aggregate, mutator};

#[aggregate]
pub struct Customer {
    pub name: String,
}

#[mutator]
impl Customer {
    #[event(Registered)]
    pub fn register(name: String) -> Self {
        Self { name }
    }
}

#[aggregate]
pub struct Account {
    pub owner: Id<Customer>,
    pub parent: Option<Id<Account>>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(id: Id<Customer>, parent: Option<Id<Account>>) -> Self {
        Self { owner: id, parent }
    }

    #[event(Given)]
    pub fn give(&mut self, owner: Id<Customer>) {
        self.owner = owner;
    }
}

fn main() {
    let customer = Customer::register_with_id(Id::from_key("ann@example.org"), "Ann".into());
    let first = Account::open(customer.id(), None);
    let mut second = Account::open_with_id(Id::new(), customer.id(), Some(first.id()));
    assert_eq!((second.owner, second.parent), (customer.id(), Some(first.id())));
    let other = Customer::register("Bob".into());
    second.give(other.id());
    assert_eq!(second.owner, other.id());
}
