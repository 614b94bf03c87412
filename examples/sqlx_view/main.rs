//! A view in a database that the library does not know: through sqlx, by an implementation of `View` and `OpenView`.
//!
//! The projection is written as any other; its handlers run the statements of sqlx. `database` holds the implementation. sqlx
//! needs tokio, so the program runs the projection on tokio instead of on a thread.

#[path = "../hello/account.rs"]
mod account;
mod database;
#[cfg(test)]
#[path = "../../tests/support/fated.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod fated;
#[path = "../server.rs"]
mod server;

use std::time::Duration;

use es_runtime::view::{BoxError, Result};
use es_runtime::{Application, Id, projection};
use sqlx::{PgConnection, query, query_scalar};

use self::account::{Account, Deposited, Opened, Withdrawn};
use self::database::{SqlxSchema, Tx};
use self::server::Database;

/// Balances, for the page that lists them.
struct Balances;

#[projection(Account)]
impl Balances {
    const TABLES: &str =
        "CREATE TABLE balances (id text PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL)";

    #[event]
    async fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        let insert = query("INSERT INTO balances VALUES ($1, $2, 0)");
        tx.run(insert.bind(id.to_string()).bind(&event.owner)).await
    }

    #[event]
    async fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, event.amount, tx).await
    }

    #[event]
    async fn withdrawn(event: &Withdrawn, id: Id<Account>, tx: &Tx) -> Result {
        Self::add(id, -event.amount, tx).await
    }

    #[attribute(owner)]
    async fn renamed(owner: &str, id: Id<Account>, tx: &Tx) -> Result {
        let update = query("UPDATE balances SET owner = $2 WHERE id = $1");
        tx.run(update.bind(id.to_string()).bind(owner)).await
    }

    #[discarded]
    #[forgotten]
    async fn gone(id: Id<Account>, tx: &Tx) -> Result {
        tx.run(query("DELETE FROM balances WHERE id = $1").bind(id.to_string())).await
    }

    async fn add(id: Id<Account>, cents: i64, tx: &Tx) -> Result {
        let update = query("UPDATE balances SET cents = cents + $2 WHERE id = $1");
        tx.run(update.bind(id.to_string()).bind(cents)).await
    }
}

fn main() -> std::result::Result<(), BoxError> {
    let Some(database) = server::find("sqlx_view") else { return Ok(()) };
    tokio::runtime::Runtime::new()?.block_on(run(&database))
}

async fn run(database: &Database) -> std::result::Result<(), BoxError> {
    // The events are elsewhere: a view needs no database of theirs.
    let app = Application::open("sqlite::memory:").await?;
    let view = SqlxSchema::at(database.plain_uri(), &database.view())?;
    let mut rows = view.connect().await?;
    let mut ann = Account::open("Ann".into());

    // The second round goes on from the place that the first one left in the view.
    for (deposit, expected) in [(10, 10), (5, 15)] {
        let runner = app.project(Balances).in_view(view.clone()).open().await?;
        let balances = runner.handle();
        let running = tokio::spawn(runner.run());
        ann.deposit(deposit);
        let receipt = app.save(&mut ann).await?;
        balances.reached(&receipt).within(Duration::from_secs(5)).await?;
        assert_eq!(cents(&mut rows, "Ann").await?, expected);
        balances.stop().await?;
        running.await??;
    }
    println!("Ann has {} in a view through sqlx", cents(&mut rows, "Ann").await?);
    Ok(())
}

async fn cents(rows: &mut PgConnection, owner: &str) -> sqlx::Result<i64> {
    query_scalar("SELECT cents FROM balances WHERE owner = $1").bind(owner).fetch_one(rows).await
}

#[cfg(test)]
mod tests;
