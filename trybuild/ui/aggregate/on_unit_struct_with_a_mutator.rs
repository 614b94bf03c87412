use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account;

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self
    }
}

fn main() {
    println!("{}", Account::open().id());
}
