use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: std::sync::atomic::AtomicU64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0.into() }
    }
}

fn main() {}
