use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Charged)]
    pub fn charge(&mut self) {
        self.balance -= Self::FEE;
    }
}

impl Account {
    const FEE: i64 = 3;
}

fn main() {}
