use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(name: str) -> Self {
        Self { owner: name.to_owned() }
    }

    #[event(Scanned)]
    pub fn scan(&mut self, data: [u8]) {
        self.owner = format!("{data:?}");
    }
}

fn main() {
    let mut account = Account::open("Ann".to_owned());
    account.scan(vec![1, 2]);
}
