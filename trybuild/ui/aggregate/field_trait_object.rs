use es_runtime::{aggregate, mutator};

pub trait Policy: Send + Sync {}

#[aggregate]
pub struct Account {
    pub policy: Box<dyn Policy>,
    pub fee: Option<Box<dyn Fn(i64) -> i64>>,
    pub data: *mut u8,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        todo!()
    }
}

fn main() {
    Account::open();
}
