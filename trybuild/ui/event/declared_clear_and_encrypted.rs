use es_runtime::event;

#[event(clear, encrypted)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
