use es_runtime::attribute;

#[attribute]
pub struct Account {
    pub owner: String,
}

fn main() {}
