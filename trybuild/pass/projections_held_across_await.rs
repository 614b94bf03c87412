//! The future of an async handler goes from thread to thread, with all that it is lent.
#![deny(warnings)]

use es_runtime::projection::{Any, Async, Origin};
use es_runtime::view::{self, AsyncTx, Result};
use es_runtime::{Id, aggregate, mutator, projection};

#[aggregate]
pub struct Account {
    #[attribute]
    pub owner: String,
}

#[mutator]
impl Account {
    #[event(Opened)]
    pub fn open(owner: String) -> Self {
        Self { owner }
    }
}

pub struct Tx;

impl AsyncTx for Tx {}

impl Tx {
    async fn run(&self, text: &str) -> Result {
        std::future::ready(text).await;
        Ok(())
    }
}

pub struct Rows {
    prefix: String,
}

#[projection(Account)]
impl Rows {
    const TABLES: &str = "";

    #[event]
    async fn opened(&self, event: &Opened, id: Id<Account>, origin: &Origin<Any>, tx: &Tx) -> Result {
        tx.run(&event.owner).await?;
        tx.run(&self.prefix).await?;
        tx.run(&id.to_string()).await?;
        tx.run(origin.aggregate()).await
    }

    #[attribute(owner)]
    async fn renamed(owner: &str, tx: &Tx) -> view::Result<(), std::fmt::Error> {
        let _ = tx.run(owner).await;
        Ok(())
    }

    #[discarded]
    async fn gone(tx: &Tx) {
        let _ = tx.run("").await;
    }
}

fn spawned<P: Async>(view: &P, seen: &P::Seen, tx: &P::Tx) {
    fn sent<F: Future + Send>(_: F) {}
    sent(view.apply(0, seen, tx));
}

fn main() {
    let _ = spawned::<Rows>;
}
