use std::rc::Rc;

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: Rc<String>) -> Self {
        Self { owner: owner.to_string() }
    }
}

fn main() {}
