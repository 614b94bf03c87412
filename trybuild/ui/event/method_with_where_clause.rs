use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self
    where
        String: Clone,
    {
        Self { owner }
    }
}

fn main() {}
