use rusqlite::Params;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::id::Id;
use crate::recorder::sqlite::Tx;
use crate::view::{self, BlockingTx};

impl Tx {
    /// Runs a statement, which the connection keeps prepared.
    ///
    /// # Errors
    ///
    /// Those of the driver.
    pub fn run(&self, sql: &str, params: impl Params) -> view::Result {
        self.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }

    /// Runs a statement that changes exactly one row, and fails if it changes none or several: an update of a row that
    /// the view never made would otherwise pass unseen.
    ///
    /// # Errors
    ///
    /// Those of the driver; an error that names the number of changed rows.
    pub fn run_one(&self, sql: &str, params: impl Params) -> view::Result {
        match self.prepare_cached(sql)?.execute(params)? {
            1 => Ok(()),
            rows => Err(view::not_one_row(rows as u64, sql)),
        }
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
