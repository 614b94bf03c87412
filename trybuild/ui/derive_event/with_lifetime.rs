use es_runtime::Event;
use serde::Serialize;

#[derive(Clone, Debug, Serialize, Event)]
pub struct Deposited<'a> {
    pub note: &'a str,
}

fn main() {}
