use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub amounts: Vec<i64>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(amounts: &[i64]) -> Self {
        Self { amounts: amounts.to_vec() }
    }
}

fn main() {}
