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

use std::marker::PhantomData;

use es_runtime::__private::Seal;
use es_runtime::Aggregate;

fn main() {
    let mut account = bank::Account::open();
    let _ = account.root_mut(Seal { _of: PhantomData });
}
