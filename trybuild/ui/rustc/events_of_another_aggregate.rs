use es_runtime::testing::replay;
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
}

#[aggregate]
pub struct Branch {
    pub city: String,
}

#[mutator]
impl Branch {
    #[event(Founded)]
    pub fn found(city: String) -> Self {
        Self { city }
    }
}

fn main() {
    let branch = Branch::found("Bern".into());
    let _ = replay::<Account>(branch.pending().to_vec());
}
