use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[derive(Clone, Debug, EventSet)]
pub enum Change {
    Both(Opened, Closed),
}

fn main() {}
