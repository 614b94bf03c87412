use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[derive(Clone, Debug, EventSet)]
#[event_set(crates = es_runtime)]
pub enum AccountEvent {
    Opened(Opened),
    Closed(Closed),
}

fn main() {}
