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

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        if self.accepts(amount) {
            self.balance += amount;
        }
    }
}

impl Account {
    fn accepts(&self, amount: i64) -> bool {
        self.balance + amount < 100
    }
}

fn main() {}
