use es_runtime::attribute;

pub struct Account {
    #[attribute]
    pub owner: String,
}

fn main() {}
