//! The connections that read, renew keys and keep snapshots: a bounded number of them, made when they are needed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::Connection;
use super::error;
use super::way::Way;
use crate::error::Error;

pub(super) struct Pool {
    way: Arc<Way>,
    /// The connections that nobody uses: the last used on top, those that may be busy at the bottom.
    idle: Mutex<Vec<Arc<Connection>>>,
    permits: Arc<Semaphore>,
    calls: Mutex<Calls>,
}

/// The calls that are under way.
#[derive(Default)]
struct Calls {
    running: usize,
    /// True once the pool refuses new ones.
    is_closed: bool,
}

impl Pool {
    pub(super) fn new(way: Arc<Way>) -> Self {
        let permits = way.options().connections.min(Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(permits));
        Self { way, idle: Mutex::default(), permits, calls: Mutex::default() }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call, unless the pool is closed.
    pub(super) fn begin(self: &Arc<Self>) -> Result<Call, Error> {
        let mut calls = self.calls();
        if calls.is_closed {
            return Err(error::closed());
        }
        calls.running += 1;
        Ok(Call { pool: Arc::clone(self) })
    }

    /// Waits for a connection, in the order of the calls.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Lease, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| error::closed())?;
        let connection = match self.pop() {
            Some(idle) => idle,
            None => Arc::new(self.way.connect(None).await?),
        };
        Ok(Lease { connection: Some(connection), is_done: false, pool: Arc::clone(self), _permit: permit })
    }

    fn pop(&self) -> Option<Arc<Connection>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if !connection.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    /// Drops the connections that nobody uses: one of them broke, and the others may have broken with it.
    pub(super) fn forget_idle(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        drop(idle);
    }

    /// Refuses later calls. The last of the calls under way ends the connections.
    pub(super) fn close(&self) {
        let mut calls = self.calls();
        calls.is_closed = true;
        let is_idle = calls.running == 0;
        drop(calls);
        if is_idle {
            self.end();
        }
    }

    fn end(&self) {
        self.permits.close();
        self.forget_idle();
    }
}

/// A call under way. It takes connections even if the pool is closed meanwhile.
pub(super) struct Call {
    pool: Arc<Pool>,
}

impl Call {
    /// Begins a part of this call.
    pub(super) fn part(&self) -> Self {
        self.pool.calls().running += 1;
        Self { pool: Arc::clone(&self.pool) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut calls = self.pool.calls();
        calls.running = calls.running.saturating_sub(1);
        let is_last = calls.is_closed && calls.running == 0;
        drop(calls);
        if is_last {
            self.pool.end();
        }
    }
}

/// A connection of the pool, which goes back to it.
pub(super) struct Lease {
    connection: Option<Arc<Connection>>,
    /// True if the connection has nothing to do.
    is_done: bool,
    pool: Arc<Pool>,
    /// Dropped last: only then may another caller take a connection.
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn connection(&self) -> Result<&Arc<Connection>, Error> {
        self.connection.as_ref().ok_or_else(error::closed)
    }

    /// Gives the connection back.
    pub(super) fn give_back(mut self) {
        self.is_done = true;
    }

    /// Ends the connection, which may be in the middle of something.
    pub(super) fn end(mut self) {
        if let Some(connection) = self.connection.take() {
            connection.abandon();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take().filter(|connection| !connection.is_closed()) else {
            return;
        };
        // Nothing more goes to a pooler before the answer. Code that panicked may have left a transaction open.
        if std::thread::panicking() || (!self.is_done && self.pool.way.options().is_pooled) {
            connection.abandon();
            return;
        }
        if self.pool.permits.is_closed() {
            return;
        }
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The server may still work on a call that was given up, and whatever comes next on the connection waits for that.
        let at = if self.is_done { idle.len() } else { 0 };
        idle.insert(at, connection);
    }
}
