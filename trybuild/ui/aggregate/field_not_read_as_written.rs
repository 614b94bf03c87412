use es_runtime::{aggregate, mutator};

fn large(amount: &i64) -> bool {
    *amount > 1000
}

#[aggregate]
pub struct Account {
    #[serde(rename(serialize = "sum"))]
    pub balance: i64,
    #[attribute]
    #[serde(default, skip_serializing_if = "large")]
    pub limit: i64,
    #[serde(rename = "limit")]
    pub other: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, limit: 0, other: 0 }
    }
}

fn main() {
    let mut account = Account::open();
    account.set_limit(1);
    assert_eq!(account.balance + account.other, 0);
}
