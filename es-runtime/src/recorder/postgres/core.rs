//! The parts of an open database that the tasks of its runtime share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex as Turn;
use uuid::Uuid;

use super::connection::Connection;
use super::engine::Engine;
use super::pool::{Lease, Pool};
use super::queue::Queue;
use super::watch::Watch;
use super::way::Way;
use crate::error::{Error, ErrorKind};
use crate::id::Slice;
use crate::wait::Bell;

/// The number of attempts to reach the server.
const ATTEMPTS: u32 = 6;

/// The parts that tasks of the runtime use.
pub(super) struct Core {
    pub(super) way: Arc<Way>,
    pub(super) queue: Queue,
    /// The bell that rings after commits.
    pub(super) bell: Bell,
    /// The watch over other processes; `None` once the database is closed.
    watch: Mutex<Option<Arc<Watch>>>,
    pub(super) pool: Arc<Pool>,
    pub(super) engine: Arc<Engine>,
    turns: Turns,
}

/// The number of changes of each kind that run at the same time.
const TURNS: usize = 64;

/// Something that changes, in the order of the calls.
#[derive(Clone, Copy)]
pub(super) enum Changed {
    Aggregate(Uuid),
    /// The place of a reader, by a hash of its log and cursor.
    Reader(u64),
}

/// The turns of those that change something.
struct Turns {
    aggregates: Vec<Turn<()>>,
    readers: Vec<Turn<()>>,
}

impl Turns {
    fn new() -> Self {
        let [aggregates, readers] = [(); 2].map(|()| (0..TURNS).map(|_| Turn::default()).collect());
        Self { aggregates, readers }
    }

    fn of(&self, changed: Changed) -> Option<&Turn<()>> {
        match changed {
            Changed::Aggregate(id) => self.aggregates.get(usize::from(Slice::of(id).get()) % TURNS),
            Changed::Reader(hash) => self.readers.get(usize::try_from(hash % TURNS as u64).ok()?),
        }
    }
}

impl Core {
    pub(super) fn new(way: Arc<Way>, engine: Arc<Engine>) -> Self {
        let watch = Watch::over(&way);
        Self {
            pool: Arc::new(Pool::new(Arc::clone(&way))),
            way,
            queue: Queue::default(),
            bell: watch.bell().clone(),
            watch: Mutex::new(Some(watch)),
            engine,
            turns: Turns::new(),
        }
    }

    fn watch(&self) -> Option<Arc<Watch>> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells readers, of this process and of others, that there may be more.
    pub(super) fn tell(&self) {
        match self.watch() {
            Some(watch) => watch.tell(),
            None => self.bell.ring(),
        }
    }

    /// Lets the watch begin, if it has not.
    pub(super) fn begin_to_watch(&self) {
        if let Some(watch) = self.watch() {
            watch.begin();
        }
    }

    /// Refuses later calls; earlier ones still finish.
    pub(super) fn close(&self) {
        self.queue.close();
        self.pool.close();
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(watch);
        self.bell.ring();
    }

    /// Takes a connection of the pool. A server that cannot be reached is tried a few times, unless one attempt takes the
    /// time of all.
    pub(super) async fn lease(&self) -> Result<Lease, Error> {
        let until = tokio::time::Instant::now() + self.way.options().connect_timeout;
        let mut attempt = 1;
        loop {
            match self.pool.take().await {
                Err(error)
                    if error.kind() == ErrorKind::Unavailable
                        && attempt < ATTEMPTS
                        && tokio::time::Instant::now() < until =>
                {
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                taken => return taken,
            }
        }
    }

    /// Runs something on a connection of the pool; if it changes something, after earlier changes of the same. If the
    /// connection is cut, it runs again, as long as the time for the call lasts.
    pub(super) async fn on_connection<T, F>(&self, changed: Option<Changed>, run: F) -> Result<T, Error>
    where
        F: for<'a> Fn(&'a Arc<Connection>) -> BoxFuture<'a, Result<T, Error>>,
    {
        let limit = self.way.options().timeout;
        let until = tokio::time::Instant::now() + limit;
        let turn = changed.and_then(|changed| self.turns.of(changed));
        let _turn = match turn {
            Some(turn) => {
                let waiting = tokio::time::timeout_at(until, turn.lock()).await;
                Some(waiting.map_err(|_| late(limit))?)
            }
            None => None,
        };
        let mut attempt = 1;
        loop {
            let taken = tokio::time::timeout_at(until, self.lease()).await;
            let lease = taken.unwrap_or_else(|_| Err(busy(limit)))?;
            let answer = tokio::time::timeout_at(until, run(lease.connection()?)).await;
            let error = match answer {
                Ok(Err(error)) if error.kind() == ErrorKind::Unavailable => error,
                Ok(answer) => {
                    if changed.is_some() && answer.is_err() {
                        // It may be within a transaction.
                        lease.end();
                    } else {
                        lease.give_back();
                    }
                    return answer;
                }
                Err(_) => {
                    lease.end();
                    return Err(slow(limit));
                }
            };
            lease.end();
            self.pool.forget_idle();
            if tokio::time::Instant::now() + pause(attempt) >= until {
                return Err(error);
            }
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
        }
    }
}

/// Returns the pause before another attempt.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(10 << attempt.min(5))
}

fn busy(limit: Duration) -> Error {
    let message = format!("all connections were busy for {limit:?}; try again, or raise `connections`");
    Error::new(ErrorKind::Timeout, message)
}

fn late(limit: Duration) -> Error {
    let message = format!("earlier changes did not end within {limit:?}; try again, or raise `timeout`");
    Error::new(ErrorKind::Timeout, message)
}

fn slow(limit: Duration) -> Error {
    let message = format!("the server did not answer within {limit:?}; try again, or raise `timeout`");
    Error::new(ErrorKind::Timeout, message)
}
