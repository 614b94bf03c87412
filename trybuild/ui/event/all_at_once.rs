use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened, tropic = "account.opened")]
    pub fn open(owner: &str) -> Self {
        Self { owner: owner.to_owned(), balance: 0 }
    }

    #[event("Deposited")]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    #[event[Withdrawn]]
    pub fn withdraw(&mut self, amount: i64) -> bool {
        self.balance -= amount;
        true
    }

    #[event(owner_changed, version = 2)]
    pub fn rename(&self, (first, last): (String, String)) {}

    #[event(Discarded, topic = "")]
    pub async fn discard(&mut self) {}
}

fn main() {
    let mut account = Account::open("Ann");
    account.deposit(1);
}
