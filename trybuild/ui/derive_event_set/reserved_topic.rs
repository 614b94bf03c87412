use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[event(topic = "Account.Forgotten")]
pub struct Gone {}

#[derive(Clone, Debug, EventSet)]
pub enum AccountEvent {
    Opened(Opened),
    Gone(Gone),
}

fn main() {}
