//! The watch over other processes: one thread of the database checks for their commits, and rings the bell.
//!
//! The thread works only while a reader waits for events. It has a connection of its own: SQLite reports to each
//! connection separately that others have changed the file.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::connection::open_reader;
use super::options::SqliteOptions;
use super::place::Place;
use crate::recorder::group::start;
use crate::wait::Bell;

/// The time between two checks of the thread.
const INTERVAL: Duration = Duration::from_millis(20);

pub(super) struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    options: SqliteOptions,
    place: Place,
    bell: Bell,
    state: Mutex<State>,
    /// The connection that the thread uses and `close` takes. Its lock comes before that of `state`, and no waker runs
    /// under it.
    connection: Mutex<Option<Connection>>,
    /// Wakes the thread once a reader waits, or at the end.
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// The number of readers that wait for events.
    waiting: usize,
    has_thread: bool,
    closed: bool,
}

impl Watch {
    pub(super) fn new(options: SqliteOptions, place: Place, bell: Bell) -> Self {
        let (state, connection, called) = (Mutex::default(), Mutex::default(), Condvar::new());
        let shared = Shared { options, place, bell, state, connection, called };
        Self { shared: Arc::new(shared) }
    }

    /// Makes the thread check for as long as the returned value is kept.
    ///
    /// A commit after this call rings the bell: the thread compares with its last check.
    pub(super) fn join(&self) -> Waiting {
        let mut state = self.shared.lock();
        state.waiting += 1;
        let is_first = state.waiting == 1;
        if !state.has_thread && !state.closed {
            let shared = Arc::clone(&self.shared);
            // Without a thread, waiting readers check again by themselves after a while.
            state.has_thread = start("es-watch", move || serve(&shared)).is_ok();
        }
        drop(state);
        if is_first {
            // With other readers, the thread is checking already.
            self.shared.called.notify_all();
        }
        Waiting { shared: Arc::clone(&self.shared) }
    }

    /// Closes the connection, and ends the thread.
    ///
    /// The caller waits for one check of the thread at most. It does not wait for the thread itself, which may be in a
    /// waker that waits for the caller.
    pub(super) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.called.notify_all();
        let connection = self.shared.connection().take();
        drop(connection);
    }

    #[cfg(test)]
    pub(super) fn has_thread(&self) -> bool {
        self.shared.lock().has_thread
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

    fn connection(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number that changes when another connection changes the file, or `None` if it cannot be read now.
    fn version(&self) -> Option<i64> {
        let mut connection = self.connection();
        if self.lock().closed {
            return None;
        }
        if connection.is_none() {
            *connection = open_reader(&self.options, Some(&self.place)).ok();
        }
        let read = connection.as_ref()?.query_row("PRAGMA data_version", [], |row| row.get(0));
        // A connection that fails is opened anew.
        read.map_err(|_| *connection = None).ok()
    }
}

fn serve(shared: &Shared) {
    let mut seen = None;
    let mut state = shared.lock();
    while !state.closed {
        if state.waiting == 0 {
            state = shared.called.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        drop(state);
        let now = shared.version();
        // The first check compares with nothing, so it always rings: a waiting reader then checks once more.
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

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Wake, Waker};
    use std::thread;

    use super::*;
    use crate::recorder::sqlite::connection::open_writer;

    /// A waker that reports that it runs, then needs a lock.
    struct Needs(mpsc::Sender<()>, Arc<Mutex<()>>);

    impl Wake for Needs {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
            drop(self.1.lock());
        }
    }

    #[test]
    fn all_readers_that_wait_share_one_thread() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::file(folder.path().join("events.db"));
        let (_writer, place) = open_writer(&options).unwrap();
        let watch = Watch::new(options, place.unwrap(), Bell::new());
        let waiting: Vec<_> = (0..100).map(|_| watch.join()).collect();
        assert!(watch.has_thread());
        // Each of them holds the state, and so do the watch and its thread.
        assert_eq!(Arc::strong_count(&watch.shared), waiting.len() + 2);
    }

    #[test]
    fn closing_waits_for_no_waker_and_closes_the_connection_all_the_same() {
        const LIMIT: Duration = Duration::from_secs(5);
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::file(folder.path().join("events.db"));
        let (_writer, place) = open_writer(&options).unwrap();
        let bell = Bell::new();
        let watch = Watch::new(options, place.unwrap(), bell.clone());
        let shared = Arc::clone(&watch.shared);
        let (runs, is_running) = mpsc::channel();
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock().unwrap();
        let waker = Waker::from(Arc::new(Needs(runs, Arc::clone(&lock))));
        let mut heard = pin!(bell.listen());
        assert!(heard.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let _waiting = watch.join();
        is_running.recv_timeout(LIMIT).unwrap();
        assert!(shared.connection().is_some());
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            drop(watch);
            send.send(())
        });
        let closed = receive.recv_timeout(LIMIT);
        let is_closed = closed.is_ok() && shared.connection().is_none();
        drop(held);
        assert!(is_closed, "closing waits for the thread, which waits in a waker: {closed:?}");
        assert_eq!(shared.version(), None);
        assert!(shared.connection().is_none(), "it is opened again after closing");
    }
}
