//! Every generated item is documented, and as visible as the item that it is made from.
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, warnings)]
#![forbid(unsafe_code)]

/// A bank.
pub mod bank {
    use es_runtime::{aggregate, event, mutator};

    /// An account at the bank.
    #[aggregate]
    #[derive(Debug)]
    pub struct Account {
        /// The owner.
        #[attribute]
        pub owner: String,
        /// The contents.
        pub(crate) balance: i64,
        #[attribute]
        secret: u32,
    }

    /// Somebody looked.
    #[event]
    #[derive(PartialEq)]
    pub struct Seen {
        /// The viewer.
        pub by: String,
    }

    #[mutator]
    impl Account {
        /// Opens an account.
        #[event(Opened)]
        pub fn open(owner: String) -> Self {
            Self { owner, balance: 0, secret: 0 }
        }

        #[event(Deposited)]
        pub(super) fn deposit(&mut self, amount: i64) {
            self.balance += amount;
        }

        #[event(Withdrawn)]
        fn take(&mut self, amount: i64) {
            self.balance -= amount;
        }

        #[event]
        fn on_seen(&mut self, event: &Seen) {
            self.secret += u32::from(event.by.is_empty());
        }

        /// Returns true if it is empty.
        pub fn is_empty(&self) -> bool {
            self.balance == 0
        }
    }

    impl Account {
        /// Takes out what is in it.
        pub fn empty(&mut self) {
            self.take(self.balance);
            self.set_secret(self.secret + 1);
            self.trigger(Seen { by: String::new() });
        }
    }
}

fn main() {
    let mut account = bank::Account::open("Ann".into());
    account.set_owner("Anna".into());
    account.deposit(5);
    assert_eq!((account.owner.as_str(), account.balance), ("Anna", 5));
    account.empty();
    assert!(account.is_empty());
    assert!(format!("{account:?}").contains("secret: 2"), "{account:?}");
    let _: &bank::AccountState = &account;
    let _: &[es_runtime::Recorded<bank::AccountEvent>] = account.pending();
    assert_eq!(bank::Withdrawn { amount: 5 }.amount, 5);
}
