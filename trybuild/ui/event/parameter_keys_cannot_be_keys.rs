use std::collections::{BTreeSet, HashMap, HashSet};

use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0 }
    }

    #[event(Rated)]
    pub fn rate(&mut self, rates: HashMap<f64, String>) {
        self.balance += rates.len() as i64;
    }

    #[event(Measured)]
    pub fn measure(&mut self, values: BTreeSet<f64>) {
        self.balance += values.len() as i64;
    }

    #[event(Tagged)]
    pub fn tag(&mut self, tags: HashSet<HashMap<String, String>>) {
        self.balance += tags.len() as i64;
    }
}

fn main() {
    let mut account = Account::open();
    account.rate(HashMap::new());
    account.measure(BTreeSet::new());
    account.tag(HashSet::new());
}
