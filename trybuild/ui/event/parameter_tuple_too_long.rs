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

    #[event(Measured)]
    pub fn measure(&mut self, values: (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)) {
        self.balance += i64::from(values.12);
    }
}

fn main() {
    Account::open().measure((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}
