use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[derive(Clone, Debug, EventSet)]
#[event_set(crate = es_runtime)]
#[event_set()]
pub enum AccountEvent {
    Opened(Opened),
    Closed(Closed),
}

fn main() {}
