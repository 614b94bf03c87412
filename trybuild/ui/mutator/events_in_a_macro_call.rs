use es_runtime::{aggregate, mutator};

macro_rules! changes {
    ($event:ident, $method:ident) => {
        #[event($event)]
        pub fn $method(&mut self, amount: i64) {
            self.balance += amount;
        }
    };
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

    changes!(Deposited, deposit);
}

fn main() {}
