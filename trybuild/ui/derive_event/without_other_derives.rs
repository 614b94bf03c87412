use es_runtime::Event;

#[derive(Event)]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
