use es_runtime::{aggregate, mutator};

#[aggregate(snapshot_every = 100)]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
