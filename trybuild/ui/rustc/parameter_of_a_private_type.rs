use es_runtime::{aggregate, mutator};

mod values {
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    struct Money(i64);
}

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
    pub fn deposit(&mut self, amount: values::Money) {
        drop(amount);
    }
}

fn main() {
    Account::open();
}
