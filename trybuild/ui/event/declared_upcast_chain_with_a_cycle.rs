use es_runtime::event;

#[event(version = 2, upcast = Self)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
