use es_runtime::{aggregate, mutator};

#[aggregate(retired = ["owner", "holder"])]
pub struct Account {
    #[attribute(aliases = ["holder"])]
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { owner: String::new() }
    }
}

fn main() {}
