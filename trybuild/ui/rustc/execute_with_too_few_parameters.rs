use es_runtime::{Application, Wait, aggregate, mutator};

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
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

fn main() {
    let app = Application::open("memory:").wait().unwrap();
    let (one, other) = (Account::open(), Account::open());
    let done = app.execute((one.id(), other.id()), |account| account.deposit(1)).wait();
    drop(done);
}
