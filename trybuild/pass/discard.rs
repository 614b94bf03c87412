#![deny(warnings)]

use es_runtime::testing::{encode, replay};
use es_runtime::{Discarded, ErrorKind, aggregate, mutator};

#[aggregate]
#[derive(Debug)]
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

impl Account {
    pub fn close(self) -> Result<Discarded<Self>, Self> {
        if self.balance == 0 { Ok(self.discard()) } else { Err(self) }
    }
}

mod club {
    use es_runtime::{aggregate, mutator};

    #[aggregate(discard = pub)]
    pub struct Member {
        pub name: String,
    }

    #[mutator]
    impl Member {
        #[event(Joined)]
        pub fn join(name: String) -> Self {
            Self { name }
        }
    }
}

fn main() {
    assert_eq!(club::Member::join("Ann".into()).discard().version(), 2);
    let account = Account::open();
    let id = account.id();
    let closed = account.close().unwrap();
    assert_eq!((closed.id(), closed.version()), (id, 2.into()));
    assert_eq!(encode::<Account>(closed.pending()[1].event()).topic(), "Account.Discarded");
    let error = replay::<Account>(closed.pending().to_vec()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
