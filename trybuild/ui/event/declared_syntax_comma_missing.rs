use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Paid {
    pub amount: i64
    pub reference: String,
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
    fn on_paid(&mut self, event: &Paid) {
        self.balance += event.amount;
    }
}

fn main() {
    Account::open();
}
