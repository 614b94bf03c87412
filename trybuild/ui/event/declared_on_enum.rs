use es_runtime::event;

#[event]
pub enum Moved {
    Deposited,
    Withdrawn,
}

fn main() {}
