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
    pub fn close<'a>(&'a mut self) {
        self.open = false;
    }
}

fn main() {}
