use es_runtime::mutator;

#[mutator]
pub struct Account {
    pub balance: i64,
}

fn main() {}
