use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: std::cell::Cell<i64>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: std::cell::Cell::new(0) }
    }
}

fn main() {}
