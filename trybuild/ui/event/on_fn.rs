use es_runtime::event;

#[event(Deposited)]
fn deposit(amount: i64) {}

fn main() {}
