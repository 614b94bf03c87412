use es_runtime::{aggregate, mutator};

#[aggregate(state = AccountContent)]
pub struct Account {
    pub balance: i64,
}

#[mutator(state = AccountData)]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    fn fee(&self) -> i64 {
        self.balance
    }
}

fn main() {
    assert_eq!(Account::open().balance, 0);
}
