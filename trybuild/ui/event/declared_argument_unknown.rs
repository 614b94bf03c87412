use es_runtime::event;

#[event(alias = ["Paid"])]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
