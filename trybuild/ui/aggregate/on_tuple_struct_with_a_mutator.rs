use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account(i64);

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self(0)
    }
}

fn main() {
    println!("{}", Account::open().id());
}
