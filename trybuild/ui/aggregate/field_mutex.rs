use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: Option<std::sync::Mutex<i64>>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: None }
    }
}

fn main() {}
