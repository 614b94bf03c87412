use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub owner: dyn Clone,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        todo!()
    }
}

fn main() {}
