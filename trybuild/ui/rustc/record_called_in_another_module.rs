mod bank {
    use es_runtime::{aggregate, mutator};

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

        #[event(Withdrawn)]
        fn take(&mut self, amount: i64) {
            self.balance -= amount;
        }
    }
}

use bank::{Account, Withdrawn};

fn cheat(account: &mut Account) {
    account.record(Withdrawn { amount: 1_000_000 });
}

fn main() {}
