use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }

    #[attribute]
    pub fn rename(&mut self, owner: String) {
        self.owner = owner;
    }
}

fn main() {}
