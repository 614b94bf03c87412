use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[derive(Clone, Debug, EventSet)]
pub enum AccountEvent {
    Opened,
    Reopened(Opened, u32),
    Closed { event: Closed },
    Ended(Closed),
    Gone(Closed),
}

fn main() {}
