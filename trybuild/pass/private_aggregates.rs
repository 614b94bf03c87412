#![deny(warnings)]

use es_runtime::{aggregate, mutator};

struct Customer;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Money(i64);

#[aggregate]
struct Account {
    #[attribute]
    owner: String,
    balance: Money,
}

#[mutator(visibility = pub(crate))]
impl Account {
    #[event(Opened)]
    fn open(owner: String) -> Self {
        Self { owner, balance: Money(0) }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: Money) {
        self.balance = self.plus(amount);
    }

    fn plus(&self, amount: Money) -> Money {
        Money(self.balance.0 + amount.0)
    }
}

#[aggregate]
pub(crate) struct Branch {
    pub(crate) city: String,
}

#[mutator]
impl Branch {
    #[event(Founded)]
    pub(crate) fn found(city: String) -> Self {
        Self { city }
    }
}

pub mod elsewhere {
    use es_runtime::{aggregate, mutator};

    use super::Money;

    #[aggregate]
    pub struct Loan {
        #[attribute]
        rest: Money,
    }

    #[mutator]
    impl Loan {
        #[event(Granted)]
        fn grant(rest: Money) -> Self {
            Self { rest }
        }
    }

    pub fn paid_off() -> i64 {
        let mut loan = Loan::grant(Money(3));
        loan.set_rest(Money(0));
        loan.rest.0
    }
}

fn main() {
    assert_eq!(elsewhere::paid_off(), 0);
    let Customer = Customer;
    let mut account = Account::open("Ann".into());
    account.deposit(Money(3));
    account.set_owner("Anna".into());
    assert_eq!((account.owner.as_str(), account.balance.0), ("Anna", 3));
    assert_eq!(Branch::found("Bern".into()).city, "Bern");
}
