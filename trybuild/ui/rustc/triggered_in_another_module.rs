mod bank {
    use es_runtime::{aggregate, event, mutator};

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
        fn on_withdrawn(&mut self, event: &Withdrawn) {
            self.balance -= event.amount;
        }
    }
}

fn main() {
    let mut account = bank::Account::open();
    account.trigger(bank::Withdrawn { amount: 1_000_000 });
}
