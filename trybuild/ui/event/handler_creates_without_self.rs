use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Opened {
    pub balance: i64,
}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event]
    fn on_opened(event: &Opened) {
        let _ = event.balance;
    }
}

fn main() {}
