use es_runtime::event;

#[event("account.deposited")]
pub struct Deposited {
    pub amount: i64,
}

fn main() {}
