use es_runtime::aggregate::Triggers;

mod bank {
    use es_runtime::{aggregate, mutator};

    #[aggregate(trigger = pub(crate))]
    pub struct Account {
        pub balance: i64,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        pub fn open() -> Self {
            Self { balance: 0 }
        }

        #[event(Withdrawn)]
        fn take(&mut self, amount: i64) {
            self.balance -= amount;
        }
    }
}

impl Triggers<bank::Account> for bank::Withdrawn {}

fn main() {
    bank::Account::open().trigger(bank::Withdrawn { amount: 1_000_000 });
}
