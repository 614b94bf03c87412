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
use es_runtime::__private::Seal;
use es_runtime::{Aggregate, Root};

fn make(root: Root<Account>) -> Account {
    Account::from_root(root, Seal::new())
}

fn main() {}
