use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Zero)]
    const ZERO: i64 = 0;

    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: Self::ZERO }
    }
}

fn main() {}
