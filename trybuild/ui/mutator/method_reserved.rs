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

    #[event(Closed)]
    pub fn discard(&mut self) {
        self.open = false;
    }
}

fn main() {}
