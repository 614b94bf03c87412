//! The meaning of a failed statement for its commits.

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::{DbError, Severity, SqlState};

use super::error::{is_text, of};
use crate::error::{Error, ErrorKind};

/// The meaning of a failed append for its commits.
#[derive(Debug)]
pub(super) enum Trouble {
    /// A stored fact stands against a commit, or a commit was done before: the facts decide.
    ByFacts(Error),
    /// The server stored nothing; another attempt may succeed.
    Again(Error),
    /// The session stored nothing, and another one may: this one may not write, since its server is no primary any more, or
    /// it is in the middle of something that takes too long.
    Anew(Error),
    /// No connection can be made.
    Absent(Error),
    /// The answer is lost: the commits may be stored.
    Lost(Error),
    /// The server stored nothing, and another attempt would fail too.
    Failed(Error),
}

impl Trouble {
    /// Classifies the error of an append to these tables. The server names the constraint that a row violates.
    pub(super) fn of(
        cause: DriverError,
        events: &str,
        data_keys: &str,
        behind: impl FnOnce() -> Error,
    ) -> Self {
        let Some(db) = cause.as_db_error() else {
            // The driver sends nothing of a value that it cannot write.
            let is_unsent = is_text(&cause, "error serializing") || is_text(&cause, "error encoding");
            let error = of("store the events")(cause);
            return if is_unsent { Self::Failed(error) } else { Self::Lost(error) };
        };
        if is_lost(db) {
            return Self::Lost(of("store the events")(cause));
        }
        if let Some(error) = left_out(db) {
            return Self::Failed(error);
        }
        let (constraint, column) = (db.constraint().unwrap_or_default(), db.column().unwrap_or_default());
        match *db.code() {
            SqlState::UNIQUE_VIOLATION if is_named(constraint, events, "_pkey") => Self::Failed(behind()),
            // The place of an event, or a data key: the facts tell which.
            SqlState::UNIQUE_VIOLATION
                if is_named(constraint, events, "_place") || db.table() == Some(data_keys) =>
            {
                Self::ByFacts(of("store the events")(cause))
            }
            SqlState::NOT_NULL_VIOLATION if ["log_position", "key_id"].contains(&column) => {
                Self::ByFacts(of("store the events")(cause))
            }
            _ => {
                let is_demoted = db.code().code().starts_with("25");
                let error = of("store the events")(cause);
                match error.kind() {
                    _ if is_demoted => Self::Anew(error),
                    ErrorKind::Unavailable | ErrorKind::Timeout => Self::Again(error),
                    // A constraint of the user may refuse a commit that was done before.
                    _ => Self::Failed(error),
                }
            }
        }
    }
}

impl Trouble {
    /// Classifies the error of a read.
    pub(super) fn of_read(cause: DriverError) -> Self {
        let is_lost = cause.as_db_error().is_none_or(is_lost);
        let error = of("look for the commit")(cause);
        match error.kind() {
            _ if is_lost => Self::Lost(error),
            ErrorKind::Unavailable | ErrorKind::Timeout => Self::Again(error),
            _ => Self::Failed(error),
        }
    }
}

/// Returns whether an error ends the connection, or comes in place of an answer that is lost.
///
/// `PgBouncer` writes the severity in one field only, and reports a server that is gone as a mere error of the class 08.
fn is_lost(db: &DbError) -> bool {
    let is_fatal = match db.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => matches!(db.severity(), "FATAL" | "PANIC"),
    };
    is_fatal || db.code().code().starts_with("08") || *db.code() == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
}

fn is_named(constraint: &str, table: &str, end: &str) -> bool {
    constraint.strip_suffix(end) == Some(table)
}

/// The mark of a statement that stored fewer rows than it was given, with both numbers behind it. No setting translates it.
pub(super) const LEFT_OUT: &str = "es_runtime stored ";

/// Reports a trigger that leaves rows out, if that is what an error means.
fn left_out(db: &DbError) -> Option<Error> {
    let (_, numbers) = db.message().split_once(LEFT_OUT)?;
    let numbers = numbers.trim_end_matches('"');
    let message = format!(
        "the table of events took {numbers} rows, and nothing is stored: a trigger of your own leaves rows out; let it \
         refuse them with RAISE EXCEPTION, or drop it"
    );
    Some(Error::new(ErrorKind::Schema, message))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::*;
    use crate::recorder::postgres::error::closed;
    use crate::recorder::postgres::fake::{self, Fake, refusal};

    #[test]
    fn what_the_driver_cannot_send_is_not_lost() {
        let server = Fake::new(|kind, _| match kind {
            fake::BEGIN => fake::welcome(),
            b'S' => [fake::message(b'1', b""), fake::message(b'2', b""), fake::ready()].concat(),
            _ => Vec::new(),
        });
        let failed = |cause| matches!(Trouble::of(cause, "events", "data_keys", closed), Trouble::Failed(_));
        let unwritten = server.with_client(async |client| {
            client.query_typed("SELECT $1", &[(&7_i64, Type::TEXT)]).await.unwrap_err()
        });
        assert!(failed(unwritten.unwrap()));
        let unsent = server.with_client(async |client| client.simple_query("SELECT '\0'").await.unwrap_err());
        assert!(failed(unsent.unwrap()));
    }

    #[test]
    fn an_answer_that_ends_the_connection_leaves_the_outcome_open() {
        for fields in [
            &[(b'S', "ERROR"), (b'C', "08P01"), (b'M', "server conn crashed?")][..],
            &[(b'S', "FATAL"), (b'C', "08P01"), (b'M', "server conn crashed?")],
            &[(b'S', "FATAL"), (b'C', "57P01"), (b'M', "it goes down")],
            &[(b'S', "TÖDLICH"), (b'V', "FATAL"), (b'C', "57P01"), (b'M', "es endet")],
            &[(b'S', "PANIC"), (b'V', "PANIC"), (b'C', "XX000"), (b'M', "no way on")],
            &[(b'S', "ERROR"), (b'V', "ERROR"), (b'C', "40003"), (b'M', "nobody knows")],
        ] {
            let trouble = Trouble::of(refusal(fields), "events", "data_keys", closed);
            assert!(matches!(trouble, Trouble::Lost(_)), "{fields:?}: {trouble:?}");
            let trouble = Trouble::of_read(refusal(fields));
            assert!(matches!(trouble, Trouble::Lost(_)), "{fields:?}: {trouble:?}");
        }
        for fields in [
            &[(b'S', "ERROR"), (b'V', "ERROR"), (b'C', "40001"), (b'M', "in the way")][..],
            &[(b'S', "FEHLER"), (b'V', "ERROR"), (b'C', "57014"), (b'M', "zu lange")],
        ] {
            let trouble = Trouble::of(refusal(fields), "events", "data_keys", closed);
            assert!(matches!(trouble, Trouble::Again(_)), "{fields:?}: {trouble:?}");
        }
        let read_only = &[(b'S', "ERROR"), (b'V', "ERROR"), (b'C', "25006"), (b'M', "read only")];
        let trouble = Trouble::of(refusal(read_only), "events", "data_keys", closed);
        assert!(matches!(trouble, Trouble::Anew(_)), "{trouble:?}");
    }
}
