use es_runtime::event;

pub struct Money(i64);

#[event]
pub struct Deposited {
    pub amount: Money,
}

fn main() {}
