use es_runtime::{aggregate, mutator};

mod values {
    #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    struct Money(i64);
}

#[aggregate]
pub struct Account {
    pub balance: values::Money,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        todo!()
    }
}

fn main() {
    Account::open();
}
