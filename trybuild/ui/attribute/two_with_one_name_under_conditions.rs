#![allow(unused)]

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute]
    #[cfg(all())]
    pub owner: String,
    #[attribute(name = "keeper", aliases = ["owner"])]
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
