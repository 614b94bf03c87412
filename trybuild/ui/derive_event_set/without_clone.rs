use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[derive(Debug, EventSet)]
pub enum AccountEvent {
    Opened(Opened),
    Closed(Closed),
}

fn main() {}
