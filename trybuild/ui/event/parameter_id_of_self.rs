use es_runtime::{Id, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(parent: Option<Id<Self>>) -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
