use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[derive(Clone, Debug, EventSet)]
pub enum AccountEvent<T> {
    Opened(Opened),
    Other(T),
}

fn main() {}
