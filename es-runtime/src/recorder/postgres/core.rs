//! The parts of an open database that the tasks of its runtime share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::connection::{Connection, Way};
use super::pool::Pool;
use super::queue::Queue;
use crate::error::{Error, ErrorKind};
use crate::recorder::bell::Bell;

/// The number of attempts of a call whose connection is cut.
const ATTEMPTS: u32 = 6;

/// The parts that tasks of the runtime use.
pub(super) struct Core {
    pub(super) way: Arc<Way>,
    pub(super) queue: Queue,
    /// The bell that rings after commits.
    pub(super) bell: Bell,
    /// Signals the watch that there is something to tell.
    pub(super) news: Notify,
    /// True once the watch has something to do.
    pub(super) is_watched: AtomicBool,
    pub(super) pool: Arc<Pool>,
    pub(super) handle: Handle,
}

impl Core {
    /// Tells readers, of this process and of others, that there may be more.
    pub(super) fn tell(&self) {
        self.bell.ring();
        self.is_watched.store(true, Ordering::Relaxed);
        self.news.notify_one();
    }

    /// Lets the watch begin, if it has not.
    pub(super) fn watch(&self) {
        if !self.is_watched.swap(true, Ordering::Relaxed) {
            self.news.notify_one();
        }
    }

    /// Runs something on a connection of the pool; again, if the connection is cut.
    pub(super) async fn on_connection<T, F>(&self, run: F) -> Result<T, Error>
    where
        F: for<'a> Fn(&'a Connection) -> BoxFuture<'a, Result<T, Error>>,
    {
        let limit = self.way.options().timeout;
        let until = tokio::time::Instant::now() + limit;
        let mut attempt = 1;
        loop {
            let taken = tokio::time::timeout_at(until, self.pool.take()).await;
            let answer = match taken.unwrap_or_else(|_| Err(busy(limit))) {
                Ok(lease) => match tokio::time::timeout_at(until, run(lease.connection()?)).await {
                    Ok(Err(error)) if error.kind() == ErrorKind::Unavailable => {
                        lease.end();
                        self.pool.forget_idle();
                        Err(error)
                    }
                    Ok(answer) => return answer,
                    Err(_) => {
                        lease.end();
                        return Err(slow(limit));
                    }
                },
                Err(error) => Err(error),
            };
            match answer {
                Err(error) if error.kind() == ErrorKind::Unavailable && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }
}

fn busy(limit: Duration) -> Error {
    let message = format!("all connections were busy for {limit:?}; try again, or raise `connections`");
    Error::new(ErrorKind::Timeout, message)
}

fn slow(limit: Duration) -> Error {
    let message = format!("the server did not answer within {limit:?}; try again, or raise `timeout`");
    Error::new(ErrorKind::Timeout, message)
}
