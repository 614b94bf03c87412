mod bank {
    use es_runtime::{aggregate, mutator};

    #[aggregate]
    pub struct Account {
        pub balance: i64,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        pub fn open(balance: i64) -> Self {
            Self { balance }
        }
    }
}

fn main() {
    let account = bank::Account::open(1_000_000);
    let _discarded = account.discard();
}
