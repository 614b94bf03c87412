use std::fmt;
use std::ops::Deref;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Params};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::id::Id;
use crate::view::{self, BlockingTx};

/// The transaction of a view in a SQLite file. It dereferences to the connection of the driver.
///
/// The view commits it together with its place in the log. A handler that commits or rolls back by hand fails.
pub struct Tx {
    connection: Connection,
}

impl Tx {
    pub(super) const fn over(connection: Connection) -> Self {
        Self { connection }
    }

    /// Runs a statement, which the connection keeps prepared.
    ///
    /// # Errors
    ///
    /// Those of the driver.
    pub fn run(&self, sql: &str, params: impl Params) -> view::Result {
        self.connection.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }

    /// Runs a statement that changes exactly one row, and fails if it changes none or several: an update of a row that
    /// the view never made would otherwise pass unseen.
    ///
    /// # Errors
    ///
    /// Those of the driver; an error that names the number of changed rows.
    pub fn run_one(&self, sql: &str, params: impl Params) -> view::Result {
        match self.connection.prepare_cached(sql)?.execute(params)? {
            1 => Ok(()),
            rows => Err(view::not_one_row(rows as u64, sql)),
        }
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

impl BlockingTx for Tx {}

/// Writes an id as the 16 bytes of its UUID.
impl<A: Aggregate> ToSql for Id<A> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.uuid().into_bytes().to_vec()))
    }
}

/// Reads an id from the 16 bytes of its UUID.
impl<A: Aggregate> FromSql for Id<A> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes: [u8; 16] = FromSql::column_result(value)?;
        Ok(Self::from_uuid(Uuid::from_bytes(bytes)))
    }
}
