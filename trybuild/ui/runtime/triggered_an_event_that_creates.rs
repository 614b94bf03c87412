use es_runtime::{aggregate, event, mutator};

#[event]
pub struct Opened {}

#[aggregate]
pub struct Account {
    pub balance: i64,
}

#[mutator]
impl Account {
    #[event]
    fn on_opened(_event: &Opened) -> Self {
        Self { balance: 0 }
    }
}

fn main() {
    let mut account = Account::create_from(Opened {});
    account.trigger(Opened {});
}
