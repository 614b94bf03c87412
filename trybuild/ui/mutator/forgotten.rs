use es_runtime::{aggregate, event};

#[aggregate]
pub struct Account {
    pub owner: String,
    pub balance: i64,
}

impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner, balance: 0 }
    }

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64, #[serde(default)] note: String) {
        self.balance += amount;
        self.owner.push_str(&note);
        self.check();
    }

    fn check(&self) {}
}

fn main() {
    let mut account = Account::open("Ann".into());
    account.deposit(1, String::new());
}
