//! The read model in a schema of a PostgreSQL server: the handlers are async, and so is the program, on tokio.

use std::time::Duration;

use es_runtime::view::postgres::{Schema, Tx};
use es_runtime::view::{BoxError, Result};
use es_runtime::{Application, Id, projection};
use indicatif::ProgressBar;
use tokio_postgres::NoTls;

use crate::account::{Account, Deposited, Opened, Withdrawn};
use crate::server::{self, Database};
use crate::show;

/// Balances, for the page that lists them.
struct Balances;

#[projection(Account)]
impl Balances {
    const TABLES: &str =
        "CREATE TABLE balances (id uuid PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL)";

    #[event]
    async fn opened(event: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run("INSERT INTO balances VALUES ($1, $2, 0)", &[&id, &event.owner]).await
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
        tx.run_one("UPDATE balances SET owner = $2 WHERE id = $1", &[&id, &owner]).await
    }

    #[discarded]
    #[forgotten]
    async fn gone(id: Id<Account>, tx: &Tx) -> Result {
        tx.run("DELETE FROM balances WHERE id = $1", &[&id]).await
    }

    async fn add(id: Id<Account>, cents: i64, tx: &Tx) -> Result {
        tx.run_one("UPDATE balances SET cents = cents + $2 WHERE id = $1", &[&id, &cents]).await
    }
}

pub(crate) fn run() -> std::result::Result<(), BoxError> {
    let Some(database) = server::find("read_model") else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(follow_and_rebuild(&database))
}

async fn follow_and_rebuild(database: &Database) -> std::result::Result<(), BoxError> {
    // The view may be in any database. Here it has a schema beside that of the events.
    let app = Application::open(&database.uri()).await?;
    let (uri, view) = (database.plain_uri(), database.view());
    let schema = Schema::at(uri, &view)?;
    let runner = app.project(Balances).in_schema(schema.clone()).open().await?;
    let balances = runner.handle();
    let running = tokio::spawn(runner.run());

    let mut ann = Account::open("Ann".into());
    ann.deposit(10);
    for number in 0..100 {
        let mut account = Account::open(format!("account {number}"));
        account.deposit(number);
        app.save(&mut account).await?;
    }
    let receipt = app.save(&mut ann).await?;
    balances.reached(&receipt).within(Duration::from_secs(5)).await?;

    // A page reads the rows with its own driver, as those of any table.
    let (reader, connection) = tokio_postgres::connect(uri, NoTls).await?;
    tokio::spawn(connection);
    let cents = async |owner: &str| -> std::result::Result<i64, BoxError> {
        let sql = format!("SELECT cents FROM \"{view}\".balances WHERE owner = $1");
        Ok(reader.query_one(&sql, &[&owner]).await?.try_get(0)?)
    };
    assert_eq!(cents("Ann").await?, 10);

    // The new rows are made in a schema beside. Meanwhile the old ones serve, and the projection goes on.
    let bar = ProgressBar::new(0);
    let shown = bar.clone();
    let rebuild = app.project(Balances).in_schema(schema).rebuild();
    rebuild.on_progress(move |progress| show(&shown, &progress)).await?;
    bar.finish();
    assert_eq!(cents("account 99").await?, 99);

    ann.set_owner("Anna".into());
    ann.withdraw(3).map_err(|_| "Ann has 10")?;
    let receipt = app.save(&mut ann).await?;
    balances.reached(&receipt).within(Duration::from_secs(5)).await?;
    assert_eq!(cents("Anna").await?, 7);

    let health = balances.health().await?;
    println!("{health}");
    assert!(health.is_healthy() && health.behind == 0);
    balances.stop().await?;
    running.await??;
    Ok(())
}
