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

use bank::{Account, AccountState};

fn cheat(account: &mut Account, state: AccountState) {
    **account = state;
}

fn main() {}
