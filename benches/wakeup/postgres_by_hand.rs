//! PostgreSQL by hand: each transaction notifies, and the follower listens and then reads behind its last position.

use std::future::poll_fn;
use std::pin::pin;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{AsyncMessage, Client, NoTls};
use uuid::Uuid;

use crate::postgres::by_hand_as;
use crate::side::rest;
use crate::times::{Calls, now};

const SELECT: &str = "SELECT position, id, state FROM by_hand WHERE position > $1 ORDER BY position";

pub(crate) fn create(uri: &str) {
    let table = "CREATE TABLE by_hand (position bigserial PRIMARY KEY, id uuid UNIQUE, state bytea)";
    by_hand_as(uri, table).expect("the table is made");
}

pub(crate) fn follow(uri: &str, many: usize, is_ready: impl FnOnce()) -> Vec<i64> {
    block_on(async {
        let (client, mut notified) = connect(uri).await;
        client.batch_execute("LISTEN by_hand").await.expect("it listens");
        let newest = client.query_one("SELECT coalesce(max(position), 0) FROM by_hand", &[]).await;
        let mut last: i64 = newest.expect("it is read").get(0);
        let select = client.prepare(SELECT).await.expect("it is SQL");
        let mut seen = Vec::with_capacity(many);
        is_ready();
        while seen.len() < many {
            notified.recv().await.expect("the connection stays");
            while notified.try_recv().is_ok() {}
            for row in client.query(&select, &[&last]).await.expect("it is read") {
                last = row.get(0);
                std::hint::black_box((row.get::<_, Uuid>(1), row.get::<_, Vec<u8>>(2)));
                seen.push(now());
            }
        }
        seen
    })
}

pub(crate) fn write(uri: &str, many: usize) -> Calls {
    let (runtime, mut calls) = (runtime(), Calls::default());
    let client = runtime.block_on(connect(uri)).0;
    for number in 0..many {
        let statements = format!(
            "BEGIN; INSERT INTO by_hand (id, state) VALUES ('{}', '{{\"amount\":1}}'); NOTIFY by_hand; COMMIT",
            Uuid::now_v7()
        );
        calls.time(|| runtime.block_on(client.batch_execute(&statements)).expect("it is stored"));
        rest(number);
    }
    calls
}

/// Connects; a task drives the connection, and hands over its notifications.
async fn connect(uri: &str) -> (Client, UnboundedReceiver<()>) {
    let (client, connection) = tokio_postgres::connect(uri, NoTls).await.expect("it connects");
    let (sender, notified) = unbounded_channel();
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if matches!(message, AsyncMessage::Notification(_)) {
                let _ = sender.send(());
            }
        }
    });
    (client, notified)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("it starts")
}
