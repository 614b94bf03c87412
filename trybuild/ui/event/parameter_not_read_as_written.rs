use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(#[serde(rename = "sum")] balance: i64, sum: i64) -> Self {
        Self { balance: balance + sum }
    }

    #[event(Deposited)]
    pub fn deposit(
        &mut self,
        #[serde(rename(serialize = "sum"))] amount: i64,
        #[serde(skip_serializing_if = "String::is_empty")] note: String,
    ) {
        self.balance += amount;
    }
}

fn main() {
    let mut account = Account::open(1, 2);
    account.deposit(1, String::new());
    assert_eq!(account.balance, 4);
}
