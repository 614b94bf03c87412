use es_runtime::event;

#[event(topic = "deposited", topic = "paid")]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
