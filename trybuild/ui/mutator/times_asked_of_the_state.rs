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

    #[event(Dated)]
    pub fn date(&mut self) {
        self.balance = self.modified_at().as_micros();
    }
}

fn main() {}
