use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub key: [u8; 64],
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, key: [0; 64] }
    }

    #[event(Signed)]
    pub fn sign(&mut self, signature: [u8; 33]) {
        self.key[0] = signature[0];
    }
}

fn main() {}
