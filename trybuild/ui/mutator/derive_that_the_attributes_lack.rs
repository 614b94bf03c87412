use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
}

#[mutator(derive(PartialEq))]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }
}

fn main() {}
