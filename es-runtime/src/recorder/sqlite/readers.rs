//! The connections that read: a bounded number, each used by one reader at a time.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::open_reader;
use super::error;
use super::options::SqliteOptions;
use super::place::Place;
use crate::error::{Error, ErrorKind};
use crate::recorder::group::start;
use crate::wait::{Slot, wake};

type Job = Box<dyn FnOnce(Result<&mut Connection, Error>) -> Option<Waker> + Send>;

pub(super) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    options: SqliteOptions,
    place: Option<Place>,
    state: Mutex<State>,
    /// Signals waiting threads that a connection is free.
    freed: Condvar,
    /// Signals the recorder's threads that there is work.
    asked: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// The number of connections, idle or in use.
    open: usize,
    queue: VecDeque<Job>,
    /// The number of threads that wait for a connection.
    waiting: usize,
    threads: usize,
    closed: bool,
}

impl Readers {
    pub(super) fn new(options: SqliteOptions, place: Option<Place>) -> Self {
        let (freed, asked) = (Condvar::new(), Condvar::new());
        let shared = Shared { options, place, state: Mutex::default(), freed, asked };
        Self { shared: Arc::new(shared) }
    }

    /// Reads on this thread, which waits for a connection only as long as the time limit.
    pub(super) fn here<T>(&self, read: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        let state = self.shared.lock();
        if state.closed {
            return Err(closed());
        }
        let mut held = self.shared.take(state, Some(self.shared.options.busy_timeout))?;
        let read = read(held.connection()?);
        held.give_back();
        self.frozen().map_or(Ok(()), Place::check_read)?;
        read
    }

    /// Reads on a thread of the recorder, in turn.
    pub(super) fn elsewhere<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Arc<Slot<Result<T, Error>>> {
        let slot = Slot::new();
        let (filled, frozen) = (Arc::clone(&slot), self.frozen().cloned());
        let job: Job = Box::new(move |connection| {
            if Arc::strong_count(&filled) == 1 {
                // The caller gave up.
                return None;
            }
            let read = catch_unwind(AssertUnwindSafe(|| connection.and_then(read)))
                .unwrap_or_else(|_| Err(error::lost()));
            let checked = frozen.as_ref().map_or(Ok(()), Place::check_read);
            filled.fill(checked.and(read))
        });
        let mut state = self.shared.lock();
        if state.closed {
            // The threads have ended.
            drop(state);
            slot.fill(Err(closed()));
            return slot;
        }
        if state.threads < self.shared.options.readers {
            let weak = Arc::downgrade(&self.shared);
            match start("es-reader", move || serve(&weak)) {
                Ok(()) => state.threads += 1,
                // The running threads will do the job.
                Err(_) if state.threads > 0 => {}
                Err(cause) => {
                    drop(state);
                    slot.fill(Err(error::no_thread(&cause)));
                    return slot;
                }
            }
        }
        state.queue.push_back(job);
        drop(state);
        self.shared.asked.notify_one();
        slot
    }

    /// Returns the place of a file that is read without a lock: each read checks that the file is unchanged.
    fn frozen(&self) -> Option<&Place> {
        self.shared.place.as_ref().filter(|place| place.is_frozen())
    }

    /// Refuses later reads. Earlier ones still finish, and the connections close after them.
    pub(super) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        Shared::let_go(state);
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

    /// Takes an idle connection, a new one, or the next that comes back.
    fn take<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        limit: Option<Duration>,
    ) -> Result<Held<'a>, Error> {
        let until = limit.map(|limit| Instant::now() + limit.max(Duration::from_millis(1)));
        let mut refused = None;
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(Held { shared: self, connection: Some(connection) });
            }
            if refused.is_none() && state.open < self.options.readers {
                state.open += 1;
                drop(state);
                // Counted before it is open: dropping `held` on failure frees its place again.
                let mut held = Held { shared: self, connection: None };
                match open_reader(&self.options, self.place.as_ref()) {
                    Ok(connection) => {
                        held.connection = Some(connection);
                        return Ok(held);
                    }
                    // The open connections still read.
                    Err(error) if error.kind() == ErrorKind::Unavailable => refused = Some(error),
                    Err(error) => return Err(error),
                }
                drop(held);
                state = self.lock();
                continue;
            }
            if state.open == 0
                && let Some(error) = refused
            {
                Self::let_go(state);
                return Err(error);
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                Self::let_go(state);
                return Err(self.busy());
            }
            state.waiting += 1;
            state = match left {
                Some(left) => self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.freed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting -= 1;
        }
    }

    /// Closes the idle connections, if no read needs them any more.
    fn let_go(mut state: MutexGuard<'_, State>) {
        if state.closed && state.queue.is_empty() && state.waiting == 0 {
            let idle = std::mem::take(&mut state.idle);
            state.open -= idle.len();
            drop(state);
            drop(idle);
        }
    }

    fn busy(&self) -> Error {
        let SqliteOptions { readers, busy_timeout, .. } = &self.options;
        Error::new(
            ErrorKind::Timeout,
            format!(
                "all {readers} readers were busy for {busy_timeout:?}; try again, or open with more `readers` or a \
                 longer `busy_timeout`"
            ),
        )
    }
}

/// A connection in use.
struct Held<'a> {
    shared: &'a Shared,
    connection: Option<Connection>,
}

impl Held<'_> {
    fn connection(&mut self) -> Result<&mut Connection, Error> {
        self.connection.as_mut().ok_or_else(|| Error::new(ErrorKind::Closed, "the connection is closed"))
    }

    fn give_back(mut self) {
        let Some(connection) = self.connection.take() else { return };
        let shared = self.shared;
        // The connection stays counted.
        std::mem::forget(self);
        let mut state = shared.lock();
        state.idle.push(connection);
        shared.freed.notify_one();
        Shared::let_go(state);
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
        let waker = match shared.take(state, None) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::group::NO_THREADS;
    use crate::wait::Wait;

    fn read(readers: &Readers) -> Result<u8, Error> {
        let slot = readers.elsewhere(|_| Ok(7));
        std::future::poll_fn(|context| slot.poll(context)).wait().unwrap()
    }

    #[test]
    fn a_read_for_which_no_thread_can_be_started_fails() {
        let readers = Readers::new(SqliteOptions::in_memory().readers(2), None);
        NO_THREADS.set(true);
        let error = read(&readers).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("no thread can be started"), "{error}");
        NO_THREADS.set(false);
        assert_eq!(read(&readers).unwrap(), 7);
        NO_THREADS.set(true);
        assert_eq!(read(&readers).unwrap(), 7, "one thread is there");
    }
}
