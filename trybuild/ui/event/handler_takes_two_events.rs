use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Deposited {
    pub amount: i64,
}

#[event]
pub struct Withdrawn {
    pub amount: i64,
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
    fn on_moved(&mut self, deposited: &Deposited, withdrawn: &Withdrawn) {
        self.balance += deposited.amount - withdrawn.amount;
    }
}

fn main() {}
