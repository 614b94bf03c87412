#![deny(warnings)]

mod bank {
    use es_runtime::{aggregate, event, mutator};

    #[event]
    pub struct Opened {}

    #[event]
    pub struct Deposited {
        pub amount: i64,
    }

    #[aggregate(trigger = pub(crate))]
    pub struct Account {
        pub balance: i64,
    }

    #[mutator]
    impl Account {
        #[event]
        fn on_opened(_: &Opened) -> Self {
            Self { balance: 0 }
        }

        #[event]
        fn on_deposited(&mut self, event: &Deposited) {
            self.balance += event.amount;
        }

        #[event(Withdrawn)]
        fn withdraw(&mut self, amount: i64) {
            self.balance -= amount;
        }
    }

    impl Account {
        pub fn withdraw_all(&mut self) {
            self.withdraw(self.balance);
        }
    }
}

fn main() {
    let mut account = bank::Account::create_from(bank::Opened {});
    account.trigger(bank::Deposited { amount: 3 });
    assert_eq!(account.balance, 3);
    account.withdraw_all();
    assert_eq!(account.balance, 0);
}
