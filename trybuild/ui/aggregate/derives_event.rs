use es_runtime::{Event, aggregate, mutator};

#[aggregate]
#[derive(Debug, Event)]
#[event(topic = "account")]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }
}

fn main() {
    assert_eq!(Account::open().balance, 0);
}
