use es_runtime::aggregate;

#[aggregate]
#[derive(Debug)]
pub struct Account {
    #[attribute]
    pub owner: String,
    pub balance: i64,
}

impl Account {
    pub fn is_rich(&self) -> bool {
        self.balance > 1_000_000
    }
}

fn main() {}
