use es_runtime::event;

pub struct Account {
    pub balance: i64,
}

impl Account {
    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

fn main() {}
