#![deny(warnings)]

use es_runtime::{aggregate, mutator};

#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute]
    #[cfg(all())]
    pub owner: String,
    #[attribute]
    #[cfg(any())]
    pub holder: NoSuchType,
    #[cfg(any())]
    pub limit: NoSuchType,
    #[attribute]
    #[cfg(all())]
    pub branch: u8,
    #[attribute]
    #[cfg(not(all()))]
    pub branch: NoSuchType,
    #[cfg_attr(all(), serde(default))]
    pub interest: u8,
    #[cfg(all())]
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self {
            owner,
            #[cfg(any())]
            holder: NoSuchType,
            #[cfg(any())]
            limit: NoSuchType,
            branch: 3,
            interest: 1,
            balance: 0,
        }
    }
}

#[aggregate]
pub struct Branch {
    #[attribute]
    #[cfg(any())]
    pub town: String,
    pub open: bool,
}

#[mutator]
impl Branch {
    #[event(Founded)]
    pub fn found() -> Self {
        Self { open: true }
    }
}

fn main() {
    assert!(Branch::found().open);
    let mut account = Account::open("Ann".into());
    account.set_owner("Anna".into());
    account.set_branch(4);
    assert_eq!(account.branch, 4);
    assert_eq!((account.owner.as_str(), account.interest, account.balance), ("Anna", 1, 0));
}
