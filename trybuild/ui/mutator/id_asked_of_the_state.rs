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

    #[event(Numbered)]
    pub fn number(&mut self) {
        self.balance = self.id().uuid().as_u128() as i64;
    }
}

fn main() {}
