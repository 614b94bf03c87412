use es_runtime::{aggregate, mutator};

pub trait Policy {}

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

    #[event(Insured)]
    pub fn insure(&mut self, policy: Box<dyn Policy>) {
        drop(policy);
    }

    #[event(Changed)]
    pub fn change(&mut self, by: Box<dyn Fn(i64) -> i64 + Send + Sync>) {
        self.balance = by(self.balance);
    }

    #[event(Pointed)]
    pub fn point(&mut self, at: *const u8) {
        self.balance = at as i64;
    }
}

fn main() {
    let mut account = Account::open();
    account.change(Box::new(|balance| balance));
}
