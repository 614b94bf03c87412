use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    #[attribute(version = 2, upcast = i64)]
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { balance: 0, owner }
    }
}

fn main() {}
