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
    #[serde(rename_all = "camelCase")]
    pub fn deposit(&mut self, paid_amount: i64) {
        self.balance += paid_amount;
    }
}

fn main() {}
