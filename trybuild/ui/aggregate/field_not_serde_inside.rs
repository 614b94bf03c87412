use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug)]
pub struct Money(i64);

#[aggregate]
pub struct Account {
    pub deposits: Vec<Money>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { deposits: Vec::new() }
    }
}

fn main() {}
