use es_runtime::event;

#[event(Deposited)]
fn deposit(_amount: i64) {}

fn main() {}
