use es_runtime::event;

#[derive(Clone, Debug)]
pub struct Money(i64);

#[event]
pub struct Deposited {
    pub amount: Money,
}

fn main() {}
