use es_runtime::event;

#[event(version = 1)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
