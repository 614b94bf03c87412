use es_runtime::event;

#[event(aliases = "Paid")]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
