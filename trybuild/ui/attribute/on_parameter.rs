use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(#[attribute] owner: String) -> Self {
        Self { owner }
    }
}

fn main() {}
