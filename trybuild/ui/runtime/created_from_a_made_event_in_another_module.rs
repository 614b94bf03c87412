mod bank {
    use es_runtime::{aggregate, mutator};

    #[aggregate(trigger = pub(crate))]
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

fn main() {
    bank::Account::create_from(bank::Opened { balance: 1_000_000 });
}
