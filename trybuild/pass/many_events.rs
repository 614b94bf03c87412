#![deny(warnings)]

use es_runtime::testing::replay;
use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub sum: i64,
}

macro_rules! events {
    ($($name:ident $method:ident)*) => {
        #[mutator]
        impl Account {
            #[event(Opened)]
            pub fn open(sum: i64) -> Self {
                Self { sum }
            }

            // A second way to create one.
            #[event(Imported)]
            pub fn import(notes: i64, coins: i64) -> Self {
                Self { sum: notes + coins }
            }

            $(
                #[event($name)]
                pub fn $method(&mut self, amount: i64, times: i64) {
                    self.sum += amount * times;
                }
            )*
        }

        fn record(account: &mut Account) {
            $(account.$method(1, 2);)*
        }
    };
}

events!(E1 e1 E2 e2 E3 e3 E4 e4 E5 e5 E6 e6 E7 e7 E8 e8 E9 e9 E10 e10 E11 e11 E12 e12 E13 e13 E14 e14 E15 e15);

fn main() {
    let mut account = Account::import(3, 4);
    record(&mut account);
    assert_eq!(account.sum, 37);
    assert_eq!(replay::<Account>(account.pending().to_vec()).unwrap().sum, 37);
    assert_eq!(Account::open_with_id(account.id(), 1).sum, 1);
    assert_eq!(Account::import_with_id(account.id(), 1, 2).sum, 3);
}
