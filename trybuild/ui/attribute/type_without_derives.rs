use es_runtime::{aggregate, mutator};

pub struct Owner(String);

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: Owner,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner: Owner(owner) }
    }
}

fn main() {
    Account::open("Ann".into()).set_owner(Owner("Anna".into()));
}
