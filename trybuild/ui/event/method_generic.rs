use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open<T: Into<String>>(owner: T) -> Self {
        Self { owner: owner.into() }
    }
}

fn main() {
    Account::open("Ann");
}
