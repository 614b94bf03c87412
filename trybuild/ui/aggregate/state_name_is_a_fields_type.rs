use es_runtime::{aggregate, mutator};

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum AccountState {
    Open,
    Closed,
}

#[aggregate]
#[derive(Debug)]
pub struct Account {
    pub state: AccountState,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { state: AccountState::Open }
    }

    #[event(Closed)]
    pub fn close(&mut self) {
        self.state = AccountState::Closed;
    }
}

fn main() {
    let mut account = Account::open();
    account.close();
    println!("{:?}", account.state);
}
