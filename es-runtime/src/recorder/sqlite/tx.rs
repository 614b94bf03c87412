use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

/// The transaction of a view in a SQLite file. It dereferences to the connection of the driver.
///
/// The view commits it together with its place in the log. A handler that commits or rolls back by hand fails.
pub struct Tx {
    connection: Connection,
    commits: Arc<AtomicU64>,
}

impl Tx {
    pub(crate) fn over(mut connection: Connection) -> Self {
        let commits = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&commits);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        // The hook fails only on a connection of somebody else, which the library never has.
        let _ = connection.commit_hook(Some(count));
        Self { connection, commits }
    }

    /// Returns the number of commits that the connection has tried.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(super) const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Deref for Tx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}
