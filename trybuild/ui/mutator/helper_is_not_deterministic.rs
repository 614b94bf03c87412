use std::time::SystemTime;

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub opened: u64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, opened: Self::seconds() }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.note(format!("{amount} at {}", Self::seconds()));
    }

    fn note(&mut self, text: String) {
        self.balance += text.len() as i64 + Self::fee();
    }

    fn fee() -> i64 {
        println!("a fee");
        std::env::var("FEE").map_or(0, |fee| fee.len() as i64)
    }

    fn seconds() -> u64 {
        SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
    }
}

fn main() {
    let mut account = Account::open();
    account.deposit(1);
    assert_eq!(account.opened, 0);
}
