use es_runtime::{aggregate, mutator};

mod bank {
    use es_runtime::{aggregate, mutator};

    #[aggregate]
    pub struct Bank {
        pub name: String,
    }

    #[mutator]
    impl Bank {
        #[event(Founded)]
        pub fn found(name: String) -> Self {
            Self { name }
        }
    }
}

#[aggregate]
pub struct Account {
    pub balance: i64,
    pub bank: Option<bank::Bank>,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { balance: 0, bank: None }
    }

    #[event(Moved)]
    pub fn move_to(&mut self, bank: bank::Bank) {
        self.bank = Some(bank);
    }
}

fn main() {}
