use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[derive(Clone, Debug, EventSet)]
pub enum Change {
    Opened(Opened),
}

#[derive(Clone, Debug, EventSet)]
pub enum Anything {
    Change(Change),
}

fn main() {}
