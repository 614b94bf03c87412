use es_runtime::event;

#[event(aliases = ["Deposited"])]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
