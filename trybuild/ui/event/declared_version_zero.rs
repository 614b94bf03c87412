use es_runtime::event;

#[event(version = 0)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
