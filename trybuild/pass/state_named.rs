#![deny(warnings)]

use es_runtime::{aggregate, mutator};

#[aggregate(state = AccountContent)]
pub struct Account {
    pub balance: i64,
}

#[mutator(state = AccountContent)]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: Self::first() }
    }

    fn first() -> i64 {
        1
    }
}

pub mod usual {
    use es_runtime::{aggregate, mutator};

    #[aggregate]
    pub struct r#Type {
        pub balance: i64,
    }

    // The usual name may be given, too.
    #[mutator(state = TypeState, events_in = events)]
    impl r#Type {
        #[event(Opened)]
        pub fn open() -> Self {
            Self { balance: 0 }
        }
    }
}

fn main() {
    assert_eq!(Account::open().balance + usual::Type::open().balance, 1);
}
