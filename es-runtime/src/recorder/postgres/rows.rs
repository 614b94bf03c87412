//! The values of rows, each of which may be anything.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use super::connection::Connection;
use super::error;
use super::text::Text;
use crate::error::{Error, ErrorKind};
use crate::id::{CommitId, Mark, Position, Version};

/// Returns the place that a statement selects at, or up to, a position.
pub(super) async fn mark_at(
    connection: &Connection,
    text: &Text,
    position: Position,
) -> Result<Option<Mark>, Error> {
    let position = position.get().cast_signed();
    let rows = connection.query(text, &[&position]).await.map_err(error::of("read the log"))?;
    rows.first().map(mark_of).transpose()
}

/// Reads a place from the first two columns, position and commit.
pub(super) fn mark_of(row: &Row) -> Result<Mark, Error> {
    let place = value::<i64>(row, 0).and_then(|number| Position::new(number.try_into().ok()?));
    let place = place.ok_or_else(|| corrupt("the log", "a position that is no number above 0"))?;
    let commit = value::<Uuid>(row, 1)
        .ok_or_else(|| corrupt(&format!("position {place} of the log"), "a commit id that is no UUID"))?;
    Ok(Mark::new(place, CommitId::from_uuid(commit)))
}

/// Returns the value of a column, unless it is null or of another type.
pub(super) fn value<'r, T: FromSql<'r>>(row: &'r Row, at: usize) -> Option<T> {
    row.try_get::<_, Option<T>>(at).ok().flatten()
}

/// Returns a number of rows for the server.
pub(super) fn count(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

pub(super) fn version(row: &Row, id: Uuid, at: usize) -> Result<Version, Error> {
    value::<i64>(row, at)
        .and_then(|number| Version::try_from(number).ok())
        .ok_or_else(|| corrupt(&format!("a row of aggregate {id}"), "a version that is no number from 0 on"))
}

pub(super) fn corrupt(place: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!("{place} has {what}; something else wrote into the table, or the database is damaged"),
    )
}
