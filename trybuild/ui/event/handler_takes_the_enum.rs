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

    #[event]
    fn on_event(&mut self, event: &AccountEvent) {
        let _ = event;
    }
}

fn main() {}
