use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: &'static str,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { owner: "Ann" }
    }
}

fn main() {}
