mod account {
    #[es_runtime::aggregate]
    pub struct Account {
        pub(crate) balance: i64,
    }
}

mod events {
    use super::account::Account;

    #[es_runtime::mutator]
    impl Account {
        #[event(Opened)]
        pub fn open() -> Self {
            Self { balance: 0 }
        }
    }
}

fn main() {}
