#![deny(warnings)]

mod bank {
    pub mod accounts {
        pub(in crate::bank) mod model {
            use es_runtime::{aggregate, mutator};

            #[aggregate]
            pub struct Account {
                pub balance: i64,
            }

            #[mutator]
            impl self::Account {
                #[event(Opened)]
                pub fn open() -> Self {
                    Self { balance: 0 }
                }
            }
        }

        pub use self::model::{Account, AccountEvent, AccountState, Opened};
    }

    pub mod branches {
        #[es_runtime::aggregate(trigger = pub(in crate::bank))]
        pub(in crate::bank) struct Branch {
            pub city: String,
        }

        #[::es_runtime::mutator(visibility = pub(in crate::bank))]
        impl Branch {
            #[event(Founded)]
            pub(in crate::bank) fn found(city: String) -> Self {
                Self { city }
            }
        }
    }

    pub fn city() -> String {
        branches::Branch::found("Bern".into()).city.clone()
    }
}

fn main() {
    use bank::accounts::{Account, AccountEvent, AccountState, Opened};

    let account = Account::open();
    let state: &AccountState = &account;
    assert_eq!(state.balance, 0);
    assert!(matches!(account.pending()[0].event(), AccountEvent::Opened(Opened {})));
    assert_eq!(bank::city(), "Bern");
}
