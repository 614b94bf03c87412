use rusqlite::Params;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::id::{Id, Position, Version};
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

/// Writes a version as a number.
impl ToSql for Version {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(i64::from(*self)))
    }
}

/// Reads a version from a number.
impl FromSql for Version {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number: i64 = FromSql::column_result(value)?;
        Self::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// Writes a position as a number.
impl ToSql for Position {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.get().cast_signed()))
    }
}

/// Reads a position from a number.
impl FromSql for Position {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number: i64 = FromSql::column_result(value)?;
        let position = u64::try_from(number).ok().and_then(Self::new);
        position.ok_or(FromSqlError::OutOfRange(number))
    }
}
