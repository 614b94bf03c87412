#![deny(warnings)]

use es_runtime::{Id, Registry, aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: Id<Customer>,
}

#[aggregate]
pub struct Customer {
    #[attribute]
    pub name: String,
    pub accounts: Vec<Id<Account>>,
}

#[mutator]
impl Customer {
    #[event(Registered)]
    pub fn register(name: String) -> Self {
        Self { name, accounts: Vec::new() }
    }

    #[event(AccountAdded)]
    pub fn add(&mut self, account: Id<Account>) {
        self.accounts.push(account);
    }
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: Id<Customer>) -> Self {
        Self { owner }
    }
}

fn main() {
    let mut customer = Customer::register("Ann".into());
    let account = Account::open(customer.id());
    customer.add(account.id());
    assert_eq!(customer.accounts, [account.id()]);
    assert_eq!(account.owner, customer.id());
    let registry = Registry::global().unwrap();
    let names: Vec<_> = registry.aggregates().map(|aggregate| aggregate.name()).collect();
    assert_eq!(names, ["Account", "Customer"]);
}
