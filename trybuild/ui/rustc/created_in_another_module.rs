mod bank {
    use es_runtime::{aggregate, event, mutator};

    #[event]
    pub struct Opened {
        pub balance: i64,
    }

    #[aggregate]
    pub struct Account {
        pub balance: i64,
    }

    #[mutator]
    impl Account {
        #[event]
        fn on_opened(event: &Opened) -> Self {
            Self { balance: event.balance }
        }
    }
}

fn main() {
    let _ = bank::Account::create_from(bank::Opened { balance: 1_000_000 });
}
