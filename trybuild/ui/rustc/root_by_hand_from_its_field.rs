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
    }
}

use bank::Account;

fn copy(account: Account) -> Account {
    Account { __only_events_make_it: account.__only_events_make_it }
}

fn main() {}
