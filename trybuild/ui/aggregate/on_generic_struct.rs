use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account<T> {
    pub balance: T,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
