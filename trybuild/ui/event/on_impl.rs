use es_runtime::event;

pub struct Account {
    pub balance: i64,
}

#[event]
impl Account {
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

fn main() {}
