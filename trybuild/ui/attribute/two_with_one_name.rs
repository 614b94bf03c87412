use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
    #[attribute(name = "owner")]
    pub holder: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { holder: owner.clone(), owner }
    }
}

fn main() {}
