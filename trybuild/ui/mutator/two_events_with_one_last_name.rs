use es_runtime::{aggregate, mutator};

mod cash {
    #[es_runtime::event(topic = "cash.Deposited")]
    pub struct Deposited {
        pub amount: i64,
    }
}

mod card {
    #[es_runtime::event(topic = "card.Deposited")]
    pub struct Deposited {
        pub amount: i64,
    }
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
    fn on_cash(&mut self, event: &cash::Deposited) {
        self.balance += event.amount;
    }

    #[event]
    fn on_card(&mut self, event: &card::Deposited) {
        self.balance += event.amount;
    }
}

fn main() {}
