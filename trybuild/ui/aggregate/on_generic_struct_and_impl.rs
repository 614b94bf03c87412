use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account<T> {
    pub balance: T,
}

#[mutator]
impl<T> Account<T> {
    #[event(Opened)]
    pub fn open() -> Self {
        todo!()
    }
}

fn main() {
    let account = Account::open();
}
