use es_runtime::event;

#[event]
pub struct Deposited(i64);

fn main() {}
