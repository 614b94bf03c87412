use es_runtime::aggregate::{ApplyRef, Change, Changes, Declared, Events};
use es_runtime::{Envelope, aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

type Seal = <AccountEvent as Events<Account>>::Seal;

pub struct Steal;

impl Changes<Account> for Steal {
    type Origin = Declared;
    const CHANGE: Change<Account, Self, Declared> =
        Change::declared(&Seal { 0: () }, |_| AccountEvent::Deposited(Deposited { amount: 0 }));
}

impl ApplyRef<Steal, Account> for AccountState {
    fn apply_ref(&mut self, _: &Steal, _: &Envelope) {
        self.balance = 1_000_000;
    }
}

fn main() {
    Account::open().trigger(Steal);
}
