use es_runtime::{Envelope, event, mutator};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Money(i64);

#[event]
pub struct Paid {
    pub money: Money,
}

pub struct Account {
    pub balance: i64,
}

#[mutator(retired = ["Account.Frozen"])]
impl Account {
    #[event(Opened, topic = "opened", aliases = ["started"])]
    pub fn open(money: Money) -> Self {
        Self { balance: money.0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, money: Money, root: i64, at: &Envelope) {
        self.balance += money.0 + root + i64::try_from(at.version().get()).unwrap_or(0);
    }

    #[event(Withdrawn)]
    fn take(&mut self, amount: i64) {
        if amount > self.balance {
            return;
        }
        let Self { balance, .. } = self;
        *balance -= amount;
    }

    #[event]
    fn paid(&mut self, event: &Paid) {
        self.balance -= event.money.0;
    }
}

impl Account {
    pub fn withdraw(&mut self, amount: i64) {
        self.take(amount);
    }
}

fn main() {
    let mut account = Account::open(Money(1));
    account.deposit(Money(2), 3);
    account.withdraw(4);
    let _ = account.balance;
}
