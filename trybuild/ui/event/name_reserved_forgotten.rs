use es_runtime::{aggregate, mutator};

#[aggregate]
pub struct Account {
    pub open: bool,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open() -> Self {
        Self { open: true }
    }

    #[event(Forgotten)]
    pub fn close(&mut self) {
        self.open = false;
    }
}

fn main() {}
