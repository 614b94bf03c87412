use es_runtime::{EventSet, event};

#[event]
pub struct Opened {}

#[derive(Clone, Debug, EventSet)]
pub enum Change {
    Start { opened: Opened },
}

fn main() {}
