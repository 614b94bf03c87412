use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    #[serde(default, skip)]
    pub cached: std::time::Instant,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, cached: std::time::Instant::now() }
    }
}

fn main() {
    println!("{:?}", Account::open().cached);
}
