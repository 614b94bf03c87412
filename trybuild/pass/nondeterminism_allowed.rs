#![deny(warnings)]

use es_runtime::{aggregate, event, mutator};

mod machine {
    pub fn random() -> i64 {
        4
    }
}

#[event]
pub struct Noted {
    pub text: String,
}

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub now: i64,
}

#[mutator]
impl Account {
    #[event(Opened, topic = "opened", allow(nondeterminism))]
    pub fn open() -> Self {
        Self { balance: machine::random(), now: 0 }
    }

    #[event(allow(nondeterminism))]
    fn on_noted(&mut self, event: &Noted) {
        println!("{}", event.text);
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        let now = self.now();
        self.balance += amount + now;
        self.now = Self::random();
    }

    // The event answers for the calls of its helpers, too.
    #[event(Guessed, allow(nondeterminism))]
    pub fn guess(&mut self) {
        self.now = Self::guessed();
    }

    fn guessed() -> i64 {
        machine::random()
    }

    #[allow(dead_code)]
    fn never_called() -> std::time::SystemTime {
        std::time::SystemTime::now()
    }

    fn now(&self) -> i64 {
        self.now
    }

    fn random() -> i64 {
        4
    }
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
    account.guess();
    account.trigger(Noted { text: "a".into() });
    assert_eq!((account.balance, account.now()), (5, 4));
}
