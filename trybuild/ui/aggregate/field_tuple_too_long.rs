use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub values: Vec<(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { values: Vec::new() }
    }
}

fn main() {
    Account::open();
}
