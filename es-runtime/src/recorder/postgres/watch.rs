//! The watch over other processes: one connection that hears of their commits, and tells them of ours.
//!
//! A notification within an append would make all appends of the database wait for each other. So the watch sends one
//! afterwards, for all appends of a moment. It is a hint: a reader also looks from time to time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::core::Core;

/// Listens on the channel of the database. A notification is a hint, for which the server need not wait for its disk.
const LISTEN: &str = "SET synchronous_commit = off; LISTEN es_runtime";
const NOTIFY: &str = "NOTIFY es_runtime";

/// The shortest time between two notifications.
const MOMENT: Duration = Duration::from_millis(10);
/// The time after which the watch looks after its connection.
const LONGEST: Duration = Duration::from_secs(1);

/// Watches until the database is closed.
pub(super) async fn watch(core: Arc<Core>) {
    // A program that neither appends nor waits needs no watch.
    core.news.notified().await;
    while !core.queue.is_closed() {
        if let Ok(connection) = core.way.connect(Some(core.bell.clone())).await
            && connection.run(LISTEN).await.is_ok()
            && connection.run(NOTIFY).await.is_ok()
        {
            // Others may have committed before; their notifications are lost.
            core.bell.ring();
            while !connection.is_closed() && !core.queue.is_closed() {
                if timeout(LONGEST, core.news.notified()).await.is_ok() {
                    // If the connection is cut, the next one rings.
                    let _ = connection.run(NOTIFY).await;
                    sleep(MOMENT).await;
                }
            }
        }
        if !core.queue.is_closed() {
            sleep(LONGEST).await;
        }
    }
}
