use es_runtime::event;

#[event]
pub struct Deposited {
    pub amount: i64,
    #[cfg(all())]
    pub note: String,
}

fn main() {}
