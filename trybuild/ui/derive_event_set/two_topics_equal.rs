use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[event(topic = "Opened")]
pub struct Started {}

#[derive(Clone, Debug, EventSet)]
pub enum AccountEvent {
    Opened(Opened),
    Closed(Closed),
    Started(Started),
}

fn main() {}
