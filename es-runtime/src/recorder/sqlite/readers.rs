//! The connections that read: a bounded number, each used by one reader at a time.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::{Role, open};
use super::database::lost;
use super::options::SqliteOptions;
use crate::error::{Error, ErrorKind};
use crate::recorder::group::wake;
use crate::wait::Slot;

type Job = Box<dyn FnOnce(Result<&mut Connection, Error>) -> Option<Waker> + Send>;

pub(super) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    options: SqliteOptions,
    state: Mutex<State>,
    /// Tells those who wait for a connection that one is free.
    freed: Condvar,
    /// Tells the threads that there is work.
    asked: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// Of the connections, idle or not.
    open: usize,
    queue: VecDeque<Job>,
    threads: usize,
    closed: bool,
}

impl Readers {
    pub(super) fn new(options: SqliteOptions) -> Self {
        let shared =
            Shared { options, state: Mutex::default(), freed: Condvar::new(), asked: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Reads on this thread.
    pub(super) fn here<T>(&self, read: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        let mut held = self.shared.take()?;
        let read = read(held.connection()?);
        held.give_back();
        read
    }

    /// Reads on a thread of the store.
    pub(super) fn elsewhere<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Arc<Slot<Result<T, Error>>> {
        let slot = Slot::new();
        let filled = Arc::clone(&slot);
        let job: Job = Box::new(move |connection| {
            let read = catch_unwind(AssertUnwindSafe(|| connection.and_then(read)));
            filled.fill(read.unwrap_or_else(|_| Err(lost())))
        });
        let mut state = self.shared.lock();
        if state.closed {
            // The threads have ended.
            drop(state);
            slot.fill(Err(closed()));
            return slot;
        }
        state.queue.push_back(job);
        if state.threads < self.shared.options.readers {
            let weak = Arc::downgrade(&self.shared);
            let spawned = thread::Builder::new().name("es-reader".to_owned()).spawn(move || serve(&weak));
            state.threads += usize::from(spawned.is_ok());
        }
        drop(state);
        self.shared.asked.notify_one();
        slot
    }

    pub(super) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        drop(idle);
        self.shared.freed.notify_all();
        self.shared.asked.notify_all();
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection, a new one, or the next that comes back.
    fn take(&self) -> Result<Held<'_>, Error> {
        let until = Instant::now() + self.options.busy_timeout.max(Duration::from_millis(1));
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(closed());
            }
            if let Some(connection) = state.idle.pop() {
                return Ok(Held { shared: self, connection: Some(connection) });
            }
            if state.open < self.options.readers {
                state.open += 1;
                drop(state);
                // Counted before it is there: dropped on failure, the place is free again.
                let mut held = Held { shared: self, connection: None };
                held.connection = Some(open(&self.options, &Role::Reads)?);
                return Ok(held);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!(
                        "all {} readers are busy; try again, or open with more `readers`",
                        self.options.readers
                    ),
                ));
            }
            (state, _) = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A connection that is in use.
struct Held<'a> {
    shared: &'a Shared,
    connection: Option<Connection>,
}

impl Held<'_> {
    fn connection(&mut self) -> Result<&mut Connection, Error> {
        self.connection.as_mut().ok_or_else(|| Error::new(ErrorKind::Closed, "the connection is closed"))
    }

    fn give_back(mut self) {
        let connection = self.connection.take();
        let mut state = self.shared.lock();
        if state.closed {
            drop(state);
            drop(connection);
        } else if let Some(connection) = connection {
            state.idle.push(connection);
            drop(state);
            self.shared.freed.notify_one();
            // It is counted as before.
            std::mem::forget(self);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.lock().open -= 1;
        self.shared.freed.notify_one();
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the database is closed; open it again")
}

fn serve(weak: &Weak<Shared>) {
    while let Some(shared) = weak.upgrade() {
        let mut state = shared.lock();
        let job = loop {
            if let Some(job) = state.queue.pop_front() {
                break job;
            }
            if state.closed {
                return;
            }
            state = shared.asked.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        let waker = match shared.take() {
            Ok(mut held) => {
                let waker = job(held.connection());
                held.give_back();
                waker
            }
            Err(error) => job(Err(error)),
        };
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}
