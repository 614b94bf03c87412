#![deny(warnings)]

use es_runtime::testing::encode;
use es_runtime::{aggregate, event, mutator};
use serde::{Deserialize, Serialize};

macro_rules! account {
    ($vis:vis $name:ident $topic:literal { $field:ident: $ty:ty = $first:expr } $opened:ident $open:ident $changed:ident $change:ident $seen:ident) => {
        #[aggregate(name = $topic)]
        $vis struct $name {
            #[attribute]
            $vis owner: String,
            #[attribute(name = "stored")]
            $vis $field: $ty,
        }

        #[event]
        $vis struct $seen {
            $vis by: $ty,
        }

        #[mutator]
        impl $name {
            #[event($opened)]
            $vis fn $open(owner: String) -> Self {
                Self { owner, $field: $first }
            }

            #[event($changed, aliases = [$topic])]
            $vis fn $change(&mut self, amount: $ty, $field: $ty) {
                self.$field += amount + $field;
                self.help(amount);
            }

            #[event]
            fn on_seen(&mut self, event: &$seen) {
                self.$field += event.by;
            }

            fn help(&mut self, amount: $ty) {
                self.$field -= amount;
            }
        }

        impl $name {
            $vis fn see(&mut self, by: $ty) {
                self.trigger($seen { by });
            }
        }
    };
}

account!(pub Account "Bank.Account" { balance: i64 = 7 } AccountOpened open Deposited deposit Seen);
account!(Purse "Bank.Purse" { coins: u8 = 1 } PurseOpened open Filled fill Counted);

// The caller passes the body, and `self` with it.
macro_rules! mutators {
    ($name:ident { $($(#[$attr:meta])* fn $method:ident($($arg:tt)*) $(-> $out:ty)? $body:block)* }) => {
        #[mutator]
        impl $name {
            $($(#[$attr])* pub fn $method($($arg)*) $(-> $out)? $body)*
        }
    };
}

#[aggregate]
pub struct Branch {
    pub city: String,
}

mutators! {
    Branch {
        #[event(Founded)]
        fn found(city: String) -> Self { Self { city } }

        #[event(Moved)]
        fn move_to(&mut self, city: String) { self.city = city; }
    }
}

// The type that the caller passes does not see bindings of the macro.
macro_rules! held {
    ($name:ident $event:ident $declared:ident $ty:ty) => {
        #[event]
        pub struct $declared {
            pub this: $ty,
            pub f: Option<$ty>,
        }

        #[aggregate]
        #[derive(Debug)]
        pub struct $name {
            #[attribute]
            pub value: $ty,
            pub this: $ty,
        }

        #[mutator]
        impl $name {
            #[event($event)]
            pub fn make(value: $ty, this: $ty) -> Self {
                Self { value, this }
            }

            #[event]
            fn declared(&mut self, event: &$declared) {
                self.this = event.this.clone();
            }
        }
    };
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gold(u8);

held!(Vault VaultMade Weighed Gold);

fn main() {
    let mut vault = Vault::make(Gold(1), Gold(2));
    vault.trigger(Weighed { this: Gold(3), f: None });
    vault.set_value(Gold(4));
    assert_eq!((&vault.value, &vault.this), (&Gold(4), &Gold(3)));
    assert_eq!(format!("{:?}", vault.pending()[2].event().clone()), "Value(Gold(4))");
    assert_eq!(format!("{:?}", vault.pending()[1].event().clone()), "Weighed { this: Gold(3), f: None }");

    let mut account = Account::open("Ann".into());
    account.deposit(3, 4);
    account.see(1);
    account.set_balance(account.balance + 1);
    assert_eq!(account.balance, 13);
    assert_eq!(encode::<Account>(account.pending()[0].event()).topic(), "Bank.Account.AccountOpened");

    let mut purse = Purse::open("Ann".into());
    purse.fill(1, 2);
    purse.see(3);
    purse.set_owner("Anna".into());
    purse.set_coins(purse.coins * 2);
    assert_eq!((purse.owner.as_str(), purse.coins), ("Anna", 12));

    let mut branch = Branch::found("Bern".into());
    branch.move_to("Thun".into());
    assert_eq!(branch.city, "Thun");
}
