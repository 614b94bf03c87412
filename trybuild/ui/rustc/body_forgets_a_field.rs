use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }
}

fn main() {}
