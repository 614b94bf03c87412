use es_runtime::event;

#[event(topic = " ")]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
