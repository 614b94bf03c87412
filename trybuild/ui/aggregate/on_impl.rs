use es_runtime::aggregate;

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[aggregate]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {}
