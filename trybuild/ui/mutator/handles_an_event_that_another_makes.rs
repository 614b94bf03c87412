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

mod thief {
    use super::{Opened, Withdrawn};
    use es_runtime::{aggregate, mutator};

    #[aggregate]
    pub struct Thief {
        pub taken: i64,
    }

    #[mutator]
    impl Thief {
        #[event(Began)]
        pub fn begin() -> Self {
            Self { taken: 0 }
        }

        #[event]
        fn withdrawn(&mut self, withdrawn: &Withdrawn) {
            self.taken += withdrawn.amount;
        }
    }

    #[aggregate]
    pub struct Twin {
        pub taken: i64,
    }

    #[mutator]
    impl Twin {
        #[event]
        fn opened(_: &Opened) -> Self {
            Self { taken: 0 }
        }
    }
}

fn main() {}
