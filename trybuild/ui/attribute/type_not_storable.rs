use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug)]
pub struct Owner(String);

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: Owner,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(name: String) -> Self {
        Self { owner: Owner(name) }
    }
}

fn main() {}
