use es_runtime::mutator;

pub struct Account<T> {
    pub balance: T,
}

#[mutator]
impl<T> Account<T> {
    #[event(Opened)]
    pub fn open(balance: T) -> Self {
        Self { balance }
    }
}

fn main() {}
