use es_runtime::event;

#[event]
pub struct Deposited {
    pub amount: i64,
    pub amount: String,
}

fn main() {}
