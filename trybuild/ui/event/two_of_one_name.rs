use es_runtime::{aggregate, event, mutator};

mod cash {
    #[es_runtime::event]
    pub struct Paid {
        pub amount: i64,
    }
}

#[event]
pub struct Paid {
    pub amount: i64,
}

use cash::Paid as PaidInCash;

#[aggregate]
pub struct Account {
    balance: i64,
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

    #[event]
    fn on_paid_in_cash(&mut self, event: &PaidInCash) {
        self.balance += event.amount;
    }
}

fn main() {}
