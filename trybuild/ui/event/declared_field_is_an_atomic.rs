use es_runtime::event;

#[event]
pub struct Deposited {
    pub amount: std::sync::atomic::AtomicU64,
}

fn main() {}
