use es_runtime::event;

#[event]
pub struct Deposited<T> {
    pub amount: T,
}

fn main() {}
