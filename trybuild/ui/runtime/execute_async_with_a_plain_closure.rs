use es_runtime::{Application, Id, aggregate, mutator};

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

    #[event(Closed)]
    pub fn close(&mut self) {}
}

async fn close(app: &Application, id: Id<Account>) {
    app.execute_async(id, |account: &mut Account| account.close()).await.unwrap();
}

fn main() {}
