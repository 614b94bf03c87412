use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open<'a>(owner: std::borrow::Cow<'a, str>) -> Self {
        Self { owner: owner.into_owned() }
    }
}

fn main() {}
