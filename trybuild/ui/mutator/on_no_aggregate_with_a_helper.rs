use es_runtime::mutator;

pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self::empty()
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.add(amount);
    }

    fn add(&mut self, amount: i64) {
        self.balance += amount;
    }

    fn empty() -> Self {
        Self { balance: 0 }
    }
}

fn main() {
    Account::open().deposit(1);
}
