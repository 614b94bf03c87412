use es_runtime::event;

#[event(Deposited)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
