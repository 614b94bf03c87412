//! A runner as it is often written: it commits the rows, and then records its place.

use es_runtime::log::LogEvent;
use es_runtime::{Application, Wait};
use tokio_postgres::{Client, Error, NoTls};

use crate::account::AccountEvent;
use crate::server;

/// Handles the whole log; connects again after each error.
pub(crate) fn project(app: &Application, name: &str, schema: &str) {
    server::by_hand(&format!(
        "CREATE SCHEMA {schema};
         CREATE TABLE {schema}.balances (id uuid PRIMARY KEY, owner text NOT NULL, cents bigint NOT NULL);
         CREATE TABLE {schema}.place (position bigint NOT NULL); INSERT INTO {schema}.place VALUES (0)"
    ));
    let mut events = Vec::new();
    let mut log = app.log::<AccountEvent>();
    while let Some(page) = log.next_page().wait().unwrap() {
        events.extend(page.entries);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    while runtime.block_on(attempt(&events, name, schema)).is_err() {}
}

async fn attempt(events: &[LogEvent<AccountEvent>], name: &str, schema: &str) -> Result<(), Error> {
    let (client, connection) = tokio_postgres::connect(server::uri(), NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(&format!("SET application_name = '{name}'; SET search_path TO {schema}")).await?;
    let place: i64 = client.query_one("SELECT position FROM place", &[]).await?.get(0);
    let place = u64::try_from(place).unwrap();
    let left = events.iter().position(|event| event.position().get() > place).unwrap_or(events.len());
    for batch in events[left..].chunks(3) {
        client.batch_execute("BEGIN").await?;
        for event in batch {
            handle(&client, event).await?;
        }
        client.batch_execute("COMMIT").await?;
        let reached = i64::try_from(batch.last().unwrap().position().get()).unwrap();
        client.execute("UPDATE place SET position = $1", &[&reached]).await?;
    }
    Ok(())
}

async fn handle(client: &Client, event: &LogEvent<AccountEvent>) -> Result<(), Error> {
    const ADD: &str = "UPDATE balances SET cents = cents + $2 WHERE id = $1";
    let id = event.envelope().id();
    match event.event() {
        AccountEvent::Opened(opened) => {
            // Only what adds shows that it came twice.
            let put = "INSERT INTO balances VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
            client.execute(put, &[&id, &opened.owner]).await.map(drop)
        }
        AccountEvent::Deposited(deposited) => client.execute(ADD, &[&id, &deposited.amount]).await.map(drop),
        AccountEvent::Withdrawn(withdrawn) => client.execute(ADD, &[&id, &-withdrawn.amount]).await.map(drop),
        _ => Ok(()),
    }
}
