use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute(version = "2", upcast = u32)]
    pub limit: u64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { limit: 0 }
    }
}

fn main() {}
