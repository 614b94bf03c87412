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

use es_runtime::__private::Seal;
use es_runtime::Aggregate;

struct Thief;

// The runtime hands this seal to a `Thief` that implements `Aggregate` by hand.
fn open(account: &mut bank::Account, seal: Seal<Thief>) {
    let _ = account.root_mut(seal);
}

fn main() {}
