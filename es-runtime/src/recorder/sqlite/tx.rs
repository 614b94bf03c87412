use std::fmt;
use std::ops::Deref;

use rusqlite::Connection;

/// The transaction of a view in a SQLite file. It dereferences to the connection of the driver.
///
/// The view commits it together with its place in the log. A handler that commits or rolls back by hand fails.
pub struct Tx {
    connection: Connection,
}

impl Tx {
    pub(crate) const fn over(connection: Connection) -> Self {
        Self { connection }
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
