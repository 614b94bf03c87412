use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[cfg_attr(unix, attribute)]
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
