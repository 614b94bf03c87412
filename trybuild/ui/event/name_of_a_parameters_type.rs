use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Address {
    pub street: String,
}

#[aggregate]
pub struct Account {
    pub address: Option<Address>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { address: None }
    }

    #[event(Address)]
    pub fn move_to(&mut self, address: Address) {
        self.address = Some(address);
    }
}

fn main() {
    Account::open().move_to(Address { street: "High Street".to_owned() });
}
