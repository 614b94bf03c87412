use es_runtime::{aggregate, event, mutator};

#[derive(Clone, Debug)]
pub struct Money(i64);

#[event]
pub struct Deposited {
    pub amount: Money,
}

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
    fn deposited(&mut self, event: &Deposited) {
        self.balance += event.amount.0;
    }
}

impl Account {
    pub fn deposit(&mut self, amount: Money) {
        self.trigger(Deposited { amount });
    }
}

fn main() {}
