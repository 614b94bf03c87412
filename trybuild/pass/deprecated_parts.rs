//! The author of a deprecated item gets no warning from an expansion that names the item.
#![deny(warnings)]

#[allow(deprecated)]
use bank::{Account, Noted};

mod bank {
    use es_runtime::{aggregate, event, mutator};

    #[event]
    #[deprecated = "use `Remarked`"]
    pub struct Noted {
        #[deprecated = "no longer read"]
        pub text: String,
    }

    #[aggregate]
    #[derive(Debug)]
    pub struct Account {
        #[attribute]
        #[deprecated = "use `holder`"]
        pub owner: String,
        #[deprecated]
        pub limit: i64,
    }

    #[mutator]
    impl Account {
        #[event(Opened)]
        pub fn open(#[deprecated = "not asked any more"] owner: String) -> Self {
            #[allow(deprecated)]
            Self { owner, limit: 0 }
        }

        #[event(Closed)]
        #[deprecated = "use `discard`"]
        pub fn close(&mut self) {}

        #[event]
        #[allow(deprecated)]
        fn on_noted(&mut self, _: &Noted) {}
    }

    impl Account {
        #[allow(deprecated)]
        pub fn note(&mut self) {
            self.trigger(Noted { text: String::new() });
        }
    }
}

#[allow(deprecated)]
fn main() {
    let mut account = Account::open("Ann".into());
    account.note();
    account.close();
    account.set_owner("Anna".into());
    let _ = Noted { text: account.owner.clone() };
}
