//! The columns of the user's own, which forgetting empties.

use uuid::Uuid;

use crate::error::{Error, ErrorKind};

/// Reports columns in which the rows of a forgotten aggregate are still filled; `cause` is the first refusal of the
/// database, if it refused.
pub(crate) fn still_filled(aggregate: Uuid, events: &str, columns: &[String], cause: Option<Error>) -> Error {
    let kind = cause.as_ref().map_or(ErrorKind::Invalid, Error::kind);
    let why = cause.as_ref().map_or_else(|| "a trigger leaves them as they are".to_owned(), Error::to_string);
    let message = format!(
        "the data key of aggregate {aggregate} is destroyed, but its rows in {events} are still filled in columns of \
         your own, {}: {why}; let these columns be emptied, and forget it again",
        columns.join(", ")
    );
    let error = Error::new(kind, message);
    match cause {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}
