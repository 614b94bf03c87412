use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: fn() -> String) -> Self {
        Self { owner: owner() }
    }
}

fn main() {}
