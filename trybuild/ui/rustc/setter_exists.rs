use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }

    #[event(OwnerChanged)]
    pub fn set_owner(&mut self, owner: String) {
        self.owner = owner;
    }
}

fn main() {}
