use es_runtime::event;

#[event]
#[event(topic = "deposited")]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
