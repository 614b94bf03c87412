use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(String)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }

    #[event(Vec)]
    pub fn rename(&mut self, names: Vec<String>) {
        self.owner = names.concat();
    }
}

fn main() {
    Account::open("Ann".to_owned()).rename(Vec::new());
}
