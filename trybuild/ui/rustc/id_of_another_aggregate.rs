use es_runtime::{Id, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(AccountOpened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

#[aggregate]
pub struct Branch {
    pub city: String,
}

#[mutator]
impl Branch {
    #[event(BranchOpened)]
    pub fn open(city: String) -> Self {
        Self { city }
    }
}

fn close(_: Id<Account>) {}

fn main() {
    let branch = Branch::open("Bern".into());
    close(branch.id());
}
