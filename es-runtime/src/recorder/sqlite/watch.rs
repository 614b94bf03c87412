//! The watch over other processes: one thread of the database looks whether they committed, and rings the bell.
//!
//! The thread works only while a reader waits for events, and has a connection of its own: SQLite reports to each
//! connection apart that others have changed the file.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::connection::open_reader;
use super::options::SqliteOptions;
use super::place::Place;
use crate::recorder::bell::Bell;

/// The time between two looks of the thread.
const INTERVAL: Duration = Duration::from_millis(20);

pub(super) struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    options: SqliteOptions,
    place: Place,
    bell: Bell,
    state: Mutex<State>,
    /// Wakes the thread once a reader waits, or at the end.
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of readers that wait for events.
    waiting: usize,
    thread: Option<JoinHandle<()>>,
    closed: bool,
}

impl Watch {
    pub(super) fn new(options: SqliteOptions, place: Place, bell: Bell) -> Self {
        let shared = Shared { options, place, bell, state: Mutex::default(), called: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Has the thread look for as long as the answer is kept.
    ///
    /// A commit that comes after this call rings the bell: the thread compares with what it saw before.
    pub(super) fn join(&self) -> Waiting {
        let mut state = self.shared.lock();
        state.waiting += 1;
        if state.thread.is_none() && !state.closed {
            let shared = Arc::clone(&self.shared);
            // Without a thread, waiting readers look again by themselves after a while.
            state.thread =
                thread::Builder::new().name("es-watch".to_owned()).spawn(move || serve(&shared)).ok();
        }
        drop(state);
        self.shared.called.notify_all();
        Waiting { shared: Arc::clone(&self.shared) }
    }

    /// Ends the thread and its connection.
    pub(super) fn close(&self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let thread = state.thread.take();
        drop(state);
        self.shared.called.notify_all();
        // Waiting readers learn at once that there is nothing to wait for.
        self.shared.bell.ring();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

/// A reader that waits for events.
pub(super) struct Waiting {
    shared: Arc<Shared>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.lock().waiting -= 1;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(shared: &Shared) {
    let mut connection = None;
    let mut seen = None;
    let mut state = shared.lock();
    while !state.closed {
        if state.waiting == 0 {
            state = shared.called.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        drop(state);
        let now = version(&mut connection, shared);
        // The first look tells nothing: whoever waits looks once more.
        if now.is_none() || now != seen {
            shared.bell.ring();
        }
        seen = now;
        state = shared.lock();
        if !state.closed {
            state = shared.called.wait_timeout(state, INTERVAL).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The number that changes when another connection changes the file, or `None` if it cannot be read now.
fn version(connection: &mut Option<Connection>, shared: &Shared) -> Option<i64> {
    if connection.is_none() {
        *connection = open_reader(&shared.options, Some(&shared.place)).ok();
    }
    let read = connection.as_ref()?.query_row("PRAGMA data_version", [], |row| row.get(0));
    // A connection that fails is opened anew.
    read.map_err(|_| *connection = None).ok()
}
