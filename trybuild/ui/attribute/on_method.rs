use es_runtime::attribute;

pub struct Account {
    pub owner: String,
}

impl Account {
    #[attribute]
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

fn main() {}
