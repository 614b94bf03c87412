use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: &str) -> Self {
        Self { owner: owner.to_owned() }
    }
}

fn main() {
    Account::open("Ann");
}
