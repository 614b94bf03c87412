//! The watch over other processes: one thread of the database looks whether they committed, and rings the bell.
//!
//! It works only while somebody waits for events, and has a connection of its own: SQLite tells each connection alone
//! that others have changed the file.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::connection::{Role, open};
use super::options::SqliteOptions;
use crate::recorder::bell::Bell;

/// How often the thread looks.
const INTERVAL: Duration = Duration::from_millis(20);

pub(super) struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    options: SqliteOptions,
    bell: Bell,
    state: Mutex<State>,
    /// Tells the thread that somebody waits, or that it is to end.
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of those who wait for events.
    waiting: usize,
    thread: Option<JoinHandle<()>>,
    closed: bool,
}

impl Watch {
    pub(super) fn new(options: SqliteOptions, bell: Bell) -> Self {
        let shared = Shared { options, bell, state: Mutex::default(), called: Condvar::new() };
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
            // Without a thread, those who wait look again by themselves after a while.
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
        // Those who wait learn at once that there is nothing to wait for.
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

/// Somebody who waits for events.
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
        let now = version(&mut connection, &shared.options);
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
fn version(connection: &mut Option<Connection>, options: &SqliteOptions) -> Option<i64> {
    if connection.is_none() {
        *connection = open(options, &Role::Reads).ok();
    }
    let read = connection.as_ref()?.query_row("PRAGMA data_version", [], |row| row.get(0));
    // A connection that fails is opened anew.
    read.map_err(|_| *connection = None).ok()
}
