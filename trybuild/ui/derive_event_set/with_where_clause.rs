use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[event]
pub struct Closed {}

#[derive(Clone, Debug, EventSet)]
pub enum AccountEvent
where
    i64: Copy,
{
    Opened(Opened),
    Closed(Closed),
}

fn main() {}
