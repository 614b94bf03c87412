use es_runtime::{aggregate, mutator};

#[aggregate]
pub(crate) struct Account {
    pub balance: i64,
}

#[mutator(visibility = "pub(crate)")]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
