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

    #[event(Closed)]
    pub fn close(&mut self) {
        self.set_owner(String::new());
    }
}

fn main() {}
