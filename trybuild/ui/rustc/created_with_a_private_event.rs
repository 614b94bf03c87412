mod bank {
    use es_runtime::{aggregate, mutator};

    #[aggregate]
    pub struct Account {
        pub balance: i64,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        fn open(balance: i64) -> Self {
            Self { balance }
        }
    }
}

use bank::{Account, Opened};
use es_runtime::{Id, Root};

fn main() {
    let _account: Account = Root::create(Id::new(), Opened { balance: 1_000_000 });
}
