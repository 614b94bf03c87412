use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    #[attribute]
    #[serde(skip)]
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }
}

fn main() {
    Account::open("Ann".into()).set_owner("Anna".into());
}
