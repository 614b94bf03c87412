use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Moved {
    pub city: String,
}

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
}

#[aggregate]
pub struct Branch {
    pub city: String,
}

#[mutator]
impl Branch {
    #[event(Founded)]
    pub fn found(city: String) -> Self {
        Self { city }
    }

    #[event]
    fn on_moved(&mut self, event: &Moved) {
        self.city = event.city.clone();
    }
}

fn main() {
    let mut account = Account::open();
    account.trigger(Moved { city: "Bern".into() });
}
