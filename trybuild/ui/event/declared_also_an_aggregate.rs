use es_runtime::event;

#[event]
#[es_runtime::aggregate]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
