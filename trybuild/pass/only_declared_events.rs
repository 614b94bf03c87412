#![deny(warnings)]

use es_runtime::{aggregate, event, mutator};

mod events {
    use es_runtime::event;

    #[event]
    #[derive(PartialEq)]
    pub struct Opened {
        pub owner: String,
    }

    pub mod moves {
        #[es_runtime::event(topic = "Account.Deposited")]
        pub struct Deposited {
            pub amount: i64,
        }
    }
}

use events::Opened as Begun;
use events::moves;

#[event]
struct Noted;

#[aggregate]
pub struct Account {
    pub owner: String,
    pub balance: i64,
    pub notes: usize,
}

#[mutator]
impl Account {
    #[event]
    fn apply_begun(Begun { owner }: &Begun) -> Self {
        Self { owner: owner.clone(), balance: 0, notes: 0 }
    }

    #[event]
    fn apply_deposited(&mut self, &moves::Deposited { amount }: &moves::Deposited) {
        self.balance += amount;
    }

    #[event]
    fn apply_noted(&mut self, _: &Noted) {
        self.notes += 1;
    }
}

impl Account {
    pub fn open(owner: String) -> Self {
        Self::create_from(Begun { owner })
    }

    pub fn deposit(&mut self, amount: i64) {
        self.trigger(moves::Deposited { amount });
        self.trigger(Noted {});
    }
}

fn main() {
    let mut account = Account::open("Ann".into());
    account.deposit(3);
    assert_eq!((account.owner.as_str(), account.balance, account.notes), ("Ann", 3, 1));
    assert!(matches!(account.pending()[0].event(), AccountEvent::Begun(Begun { .. })));
}
