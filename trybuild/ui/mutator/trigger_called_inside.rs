use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Noted {}

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

    #[event]
    fn on_noted(&mut self, _event: &Noted) {}

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
        self.trigger(Noted {});
    }
}

fn main() {}
