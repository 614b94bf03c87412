#![deny(warnings)]

mod account {
    use es_runtime::aggregate;

    #[aggregate]
    pub struct Account {
        #[attribute]
        pub owner: String,
        balance: i64,
    }

    // As a file of its own would be.
    mod events {
        use super::Account;
        use es_runtime::{event, mutator};

        #[event]
        pub struct Emptied {}

        #[mutator]
        impl super::Account {
            const FIRST: i64 = 1;

            #[event(Opened)]
            pub fn open(owner: String) -> Self {
                Self { owner, balance: Self::FIRST }
            }

            #[event(Withdrawn)]
            pub(super) fn take(&mut self, amount: i64) {
                self.subtract(amount);
            }

            #[event]
            fn on_emptied(&mut self, _: &Emptied) {
                self.balance = 0;
            }

            fn subtract(&mut self, amount: i64) {
                self.balance -= amount;
            }
        }

        impl Account {
            pub fn empty(&mut self) {
                self.trigger(Emptied {});
            }
        }
    }

    pub use self::events::{AccountEvent, Opened};

    impl Account {
        pub fn withdraw(&mut self, amount: i64) {
            self.take(amount);
        }

        pub fn balance(&self) -> i64 {
            self.balance
        }
    }
}

fn main() {
    use account::{Account, AccountEvent, Opened};

    let mut account = Account::open("Ann".into());
    account.withdraw(3);
    assert_eq!(account.balance(), -2);
    account.empty();
    account.set_owner("Anna".into());
    assert_eq!(account.balance(), 0);
    let AccountEvent::Opened(Opened { owner }) = account.pending()[0].event() else { panic!("not opened") };
    assert_eq!(owner, "Ann");
}
