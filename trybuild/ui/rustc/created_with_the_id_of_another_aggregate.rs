use es_runtime::{Id, aggregate, mutator};

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
    let id = Id::<Branch>::new();
    let _ = Account::open_with_id(id);
}
