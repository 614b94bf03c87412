use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Bcc {
    pub balance: i64,
}

type B2 = Bcc;

#[mutator]
impl B2 {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

fn main() {
    let mut account = Bcc::open();
    account.deposit(1);
    assert_eq!(account.balance, 1);
}
