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

    pub(crate) fn deposit<'a>(&'a mut self, amount: &'a i64) -> &'a mut i64 {
        self.balance += *amount;
        &mut self.balance
    }
}

fn main() {
    assert_eq!(*Account::open().deposit(&1), 1);
}
