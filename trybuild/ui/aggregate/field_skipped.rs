use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    #[serde(default, skip)]
    pub cached: std::any::TypeId,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, cached: std::any::TypeId::of::<u8>() }
    }
}

fn main() {
    println!("{:?}", Account::open().cached);
}
