use es_runtime::event;

#[event(version = 2)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
