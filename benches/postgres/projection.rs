//! A projection on PostgreSQL: the balances of accounts, one upsert for each event, in batches of 1,000.

use es_runtime::view::Result;
use es_runtime::view::postgres::{Schema, Tx};
use es_runtime::{Id, Wait, projection};
use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::account::{Account, Deposited, Opened};
use crate::by_hand::{self, Connection, decoded};
use crate::measure::{Side, on_this_thread, report, rounds};
use crate::one::deposit;
use crate::server::{Place, Server};

const PUT: &str = "INSERT INTO balances (id, cents) VALUES ($1, $2)
                   ON CONFLICT (id) DO UPDATE SET cents = balances.cents + excluded.cents";
const TABLES: &str = "CREATE TABLE balances (id uuid PRIMARY KEY, cents bigint NOT NULL)";
/// The number of events in a batch.
const BATCH: i64 = 1_000;

struct Balances;

#[projection(Account, ..)]
impl Balances {
    const TABLES: &str = TABLES;

    #[event]
    async fn opened(_: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.run(PUT, &[&id, &0_i64]).await
    }

    #[event]
    async fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        tx.run(PUT, &[&id, &event.amount]).await
    }
}

/// The same, but each statement is awaited before the next one: the driver is called directly.
struct Awaited;

#[projection(Account, ..)]
impl Awaited {
    const TABLES: &str = TABLES;

    #[event]
    async fn opened(_: &Opened, id: Id<Account>, tx: &Tx) -> Result {
        tx.rows(PUT, &[&id, &0_i64]).await.map(drop)
    }

    #[event]
    async fn deposited(event: &Deposited, id: Id<Account>, tx: &Tx) -> Result {
        tx.rows(PUT, &[&id, &event.amount]).await.map(drop)
    }
}

/// Projects a log of `accounts` times 100 events.
pub(crate) fn projection(server: &Server, many_rounds: usize, accounts: usize) {
    let (schema, table) = (server.schema(), server.by_hand());
    let app = schema.application();
    let alone = on_this_thread();
    let connection = alone.block_on(Connection::open(&table));
    for _ in 0..accounts {
        let mut account = Account::open("Ann".to_owned());
        deposit(&mut account, 99);
        app.save(&mut account).wait().expect("it is saved");
        let (mut raw, first) = by_hand::Account::open();
        let rows = raw.deposit(99);
        alone.block_on(connection.insert([&first].into_iter().chain(&rows)));
    }
    schema.vacuum();
    let (events, expected) = (accounts * 100, (accounts * 99).to_string());
    let check = |place: &Place| {
        assert_eq!(place.run("SELECT sum(cents) FROM balances"), [&*expected]);
    };
    let ours = || {
        let place = server.schema();
        let view = Schema::at(&place.uri, &place.name).expect("a plain name");
        let running = app.project(Balances).in_schema(view).start().wait().expect("it starts");
        running.drain().wait().expect("it goes through");
        check(&place);
    };
    let awaited = || {
        let place = server.schema();
        let view = Schema::at(&place.uri, &place.name).expect("a plain name");
        let running = app.project(Awaited).in_schema(view).start().wait().expect("it starts");
        running.drain().wait().expect("it goes through");
        check(&place);
    };
    let by_hand = || {
        let place = server.schema();
        alone.block_on(project(&connection, &place));
        check(&place);
    };
    let sides: [Side<'_>; 3] = [Box::new(ours), Box::new(by_hand), Box::new(awaited)];
    let [ours, by_hand, awaited] = rounds(server, many_rounds, sides);
    report("projection, one upsert an event", events, Some(0.80), &ours, &by_hand);
    report("the same, each statement awaited", events, None, &awaited, &by_hand);
}

/// The same by hand: a page of the log, its upserts and the place in one transaction.
async fn project(log: &Connection, place: &Place) {
    let (client, driver) = tokio_postgres::connect(&place.uri, NoTls).await.expect("it connects");
    tokio::spawn(driver);
    let tables = format!(
        "SET search_path TO {}; {TABLES}; CREATE TABLE place (position bigint NOT NULL); INSERT INTO place VALUES (0)",
        place.name
    );
    client.batch_execute(&tables).await.expect("they are made");
    let put = client.prepare(PUT).await.expect("it is a statement");
    let keep = client.prepare("UPDATE place SET position = $1").await.expect("it is a statement");
    let mut after = 0;
    loop {
        let rows = log.page(&mut after, BATCH).await;
        client.batch_execute("BEGIN").await.expect("it begins");
        for row in &rows {
            let (id, (_, amount)) = (row.get::<_, Uuid>(2), decoded(row));
            client.execute(&put, &[&id, &amount]).await.expect("it is put");
        }
        client.execute(&keep, &[&after]).await.expect("it is kept");
        client.batch_execute("COMMIT").await.expect("it is committed");
        if i64::try_from(rows.len()).expect("few") < BATCH {
            return;
        }
    }
}
