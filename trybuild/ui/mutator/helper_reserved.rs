use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub number: u64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(number: u64) -> Self {
        Self { number }
    }

    pub fn id(&self) -> u64 {
        self.number
    }
}

fn main() {
    let _ = Account::open(7).id();
}
