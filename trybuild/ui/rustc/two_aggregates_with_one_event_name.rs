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
    #[event(Opened)]
    pub fn open(city: String) -> Self {
        Self { city }
    }
}

fn main() {}
