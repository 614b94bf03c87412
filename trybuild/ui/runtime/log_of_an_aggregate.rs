use es_runtime::{Application, Wait, aggregate, mutator};

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

    #[event(Deposited)]
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

fn main() {
    let app = Application::open("memory:").wait().unwrap();
    let page = app.log::<Account>().next_page().wait().unwrap();
    drop(page);
}
