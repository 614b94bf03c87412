//! The levels of lints on the struct, or on a field, hold for all that is made of it.
#![deny(warnings)]

use es_runtime::{aggregate, mutator};

#[allow(non_camel_case_types)]
#[aggregate]
#[derive(Debug)]
pub struct savings_account {
    #[attribute]
    pub owner: String,
}

#[allow(non_camel_case_types)]
#[mutator]
impl savings_account {
    #[event(SavingsOpened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }
}

#[aggregate]
#[allow(non_snake_case)]
pub struct Account {
    #[attribute]
    pub ownerName: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { ownerName: owner }
    }
}

#[aggregate]
#[expect(non_snake_case, reason = "the name that is stored")]
pub struct Branch {
    #[attribute]
    pub branchName: String,
}

#[mutator]
impl Branch {
    #[event(Founded)]
    pub fn found(name: String) -> Self {
        Self { branchName: name }
    }
}

#[allow(dead_code)]
#[aggregate]
struct Loan {
    #[attribute]
    #[deprecated]
    rate: u8,
    #[attribute]
    #[allow(non_camel_case_types)]
    term: u8,
}

#[mutator]
#[allow(deprecated)]
impl Loan {
    #![allow(unused_mut)]

    #[event(Granted)]
    fn grant(mut rate: u8) -> Self {
        Self { rate, term: 1 }
    }
}

fn main() {
    let mut savings = savings_account::open("Ann".into());
    savings.set_owner("Anna".into());
    let mut account = Account::open("Ann".into());
    account.set_ownerName("Anna".into());
    let mut branch = Branch::found("Main".into());
    branch.set_branchName("Side".into());
    assert_eq!((&*savings.owner, &*account.ownerName, &*branch.branchName), ("Anna", "Anna", "Side"));
    Loan::grant(1).set_term(2);
}
