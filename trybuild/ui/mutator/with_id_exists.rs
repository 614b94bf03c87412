use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Numbered)]
    pub fn open_with_id(number: i64) -> Self {
        Self { balance: number }
    }
}

fn main() {}
