use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: str,
    pub data: [u8],
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { owner: String::new(), data: Vec::new() }
    }
}

fn main() {
    Account::open();
}
