use es_runtime::{aggregate, mutator};

pub struct Uuid(pub u128);

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

    #[event(Linked)]
    pub fn link(&mut self, other: Uuid) {
        self.balance += (other.0 > 0) as i64;
    }
}

fn main() {
    Account::open().link(Uuid(1));
}
