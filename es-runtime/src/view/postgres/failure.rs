//! The errors of the server and of the driver: which of them pass, and which come late.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use tokio_postgres::Error as DriverError;
use tokio_postgres::error::{DbError, Severity};

use crate::error::{Error, ErrorKind};
use crate::recorder::postgres::error;
use crate::view::{BoxError, ended_by_hand, shortened};

/// The text by which a statement of ours says that its transaction is not the one that the view began.
pub(super) const ENDED: &str = "es_view: ended by hand";

/// The error of a statement of a handler, with its text. It leaves out the values that the server quotes: they may be
/// personal.
///
/// It is the source of the error by which an inline view refuses a save:
///
/// ```
/// use std::error::Error as _;
///
/// use es_runtime::Error;
/// use es_runtime::view::postgres::StatementError;
///
/// /// Returns whether a save would have stored a name twice.
/// fn is_taken(error: &Error) -> bool {
///     let cause = error.source().and_then(|cause| cause.downcast_ref::<StatementError>());
///     cause.is_some_and(|cause| cause.code() == Some("23505"))
/// }
/// ```
pub struct StatementError {
    text: String,
    source: DriverError,
}

impl StatementError {
    /// Returns the code of the server (`SQLSTATE`), if the error is the server's.
    pub fn code(&self) -> Option<&str> {
        self.source.as_db_error().map(|db| db.code().code())
    }

    /// Returns the name of the constraint that the statement violates, if it violates one.
    pub fn constraint(&self) -> Option<&str> {
        self.source.as_db_error().and_then(DbError::constraint)
    }

    pub(super) fn new(source: DriverError, sql: &str) -> Self {
        let why = text_of(&source);
        Self { text: format!("{why}, in: {}", shortened(sql)), source }
    }
}

/// Returns the text of an error of the driver, which alone says only that there was one.
pub(crate) fn text_of(error: &DriverError) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => format!("{} ({})", message_of(db), db.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// The marks between which the server quotes, in the languages that it speaks.
const QUOTES: [char; 8] = ['"', '«', '»', '„', '“', '”', '「', '」'];

/// Returns the message of the server, without the values that one about data (class 22) quotes, or says at its end.
fn message_of(db: &DbError) -> String {
    let message = db.message();
    if !db.code().code().starts_with("22") {
        return message.to_owned();
    }
    let said = |text: &str| text.split_once(": ").map(|(said, _)| format!("{said}: .."));
    let (Some((before, _)), Some((_, after))) = (message.split_once(QUOTES), message.rsplit_once(QUOTES))
    else {
        return said(message).unwrap_or_else(|| message.to_owned());
    };
    said(before)
        .unwrap_or_else(|| format!("{before}\"..\"{}", said(after).unwrap_or_else(|| after.to_owned())))
}

impl fmt::Debug for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StatementError").field(&self.text).finish()
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// The driver's own error is no source: it quotes the values.
impl StdError for StatementError {}

/// The error of a statement whose handler had ended, or kept the error to itself.
#[derive(Clone, Debug)]
pub(super) struct Late(Arc<dyn StdError + Send + Sync>);

impl Late {
    pub(super) fn new(cause: BoxError) -> Self {
        Self(Arc::from(cause))
    }

    /// Returns the error of the library, if this one may pass.
    pub(super) fn passing(&self) -> Option<Error> {
        passing(&*self.0)
    }

    pub(super) fn is_ended_by_hand(&self) -> bool {
        self.0.is::<EndedByHand>()
    }

    /// Returns the error for the library: that of the view if it may pass, or if a handler ended the transaction.
    pub(super) fn into_error(self, doing: &'static str) -> Error {
        if self.is_ended_by_hand() {
            return ended_by_hand();
        }
        if let Some(passing) = self.passing() {
            return passing;
        }
        Error::new(ErrorKind::Invalid, format!("cannot {doing}: {self}")).with_source(self)
    }
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if driver_error(&*self.0).and_then(DriverError::as_db_error).is_some_and(is_aborted) {
            return f.write_str(
                "a handler kept the error of a statement to itself, after which the server takes no other of the transaction; \
                 hand such an error on with `?`, or set a savepoint before the statement",
            );
        }
        write!(f, "a statement of a handler failed: {}", self.0)
    }
}

impl StdError for Late {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// Returns the error for a server that does not answer like PostgreSQL.
pub(super) fn no_number() -> Error {
    let message = "the server answered `pg_current_xact_id()` without a number; connect directly to PostgreSQL, with no proxy \
                   between that changes answers";
    Error::new(ErrorKind::Storage, message)
}

/// Reports that a handler ended the transaction.
#[derive(Debug)]
pub(super) struct EndedByHand;

impl fmt::Display for EndedByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ENDED)
    }
}

impl StdError for EndedByHand {}

/// Reports that a handler ended the transaction of a commit, whose events may be stored.
pub(super) fn ended_with_events() -> Error {
    Error::new(ErrorKind::OutcomeUnknown, ended_by_hand().to_string()).with_source(EndedByHand)
}

/// Returns whether a handler ended the transaction of a commit.
pub(crate) fn has_ended_with_events(error: &Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<EndedByHand>)
}

/// Returns whether an error of the view is that of a handler's statement.
pub(super) fn is_late(error: &Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<Late>)
}

/// Returns the error of the library for one of its own statements.
pub(super) fn of(doing: &'static str) -> impl Fn(DriverError) -> Error {
    move |cause| match cause.as_db_error() {
        Some(db) if has_ended(db) => ended_by_hand(),
        Some(db) if is_aborted(db) => Late::new(cause.into()).into_error(doing),
        _ => passing(&cause).unwrap_or_else(|| error::of(doing)(cause)),
    }
}

/// Returns the error of a commit. After a lost connection nobody knows whether it took place.
pub(super) fn of_commit(cause: DriverError) -> Error {
    let is_answer = cause.as_db_error().is_some_and(|db| {
        !matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) && db.severity() != "FATAL"
    });
    if is_answer {
        return of("commit a view")(cause);
    }
    Error::new(ErrorKind::OutcomeUnknown, format!("the answer to the commit of a view is lost: {cause}"))
        .with_source(cause)
}

/// Returns whether the transaction takes no more statements, since one of them failed.
fn is_aborted(db: &DbError) -> bool {
    db.code().code() == "25P02"
}

/// Returns whether there is no transaction any more, or another one than the view began.
fn has_ended(db: &DbError) -> bool {
    match db.code().code() {
        "25P01" => true,
        "22P02" => db.message().contains(ENDED),
        _ => false,
    }
}

/// Returns the error for one that says nothing about the event: that of a cut connection, of a conflict of two
/// transactions, of a server that ends, or has no room.
///
/// A statement that was cancelled is among them, though its handler may simply be too slow: who waits for a lock is
/// cancelled by the same time limit, and an event must not be skipped because of that.
pub(super) fn passing(error: &(dyn StdError + 'static)) -> Option<Error> {
    let cause = driver_error(error)?;
    let Some(db) = cause.as_db_error() else {
        let is_cut = cause.is_closed()
            || ["error communicating with the server", "timeout waiting for server"]
                .iter()
                .any(|words| error::is_text(cause, words));
        let cut =
            || Error::new(ErrorKind::Unavailable, format!("the connection of the view is cut: {cause}"));
        return is_cut.then(cut);
    };
    let kind = kind_of(db)?;
    let (message, code) = (db.message(), db.code().code());
    Some(Error::new(kind, format!("the database of the view cannot go on now: {message} ({code})")))
}

fn kind_of(db: &DbError) -> Option<ErrorKind> {
    let code = db.code().code();
    match code {
        // The time for a statement, or for a lock, is over; or somebody cancelled the statement.
        "57014" | "55P03" => Some(ErrorKind::Timeout),
        // The constraints of the user.
        "40002" => None,
        // The time of a transaction that did nothing, or of the whole transaction, is over; the server takes no writes.
        "25P03" | "25P04" | "25006" => Some(ErrorKind::Unavailable),
        _ if is_stale(db) => Some(ErrorKind::Unavailable),
        _ if ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class)) => {
            Some(ErrorKind::Unavailable)
        }
        _ => None,
    }
}

/// Returns whether a prepared statement is older than the tables, which somebody replaced: a new connection prepares it
/// anew. The words are those of the server's code, in every language.
fn is_stale(db: &DbError) -> bool {
    match db.code().code() {
        "0A000" => db.routine() == Some("RevalidateCachedQuery"),
        "XX000" => db.message().starts_with("cache lookup failed"),
        "42704" => db.routine() == Some("lookup_type_cache"),
        "26000" => true,
        _ => false,
    }
}

/// Returns the error of the driver in a chain of errors.
fn driver_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e DriverError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(statement) = error.downcast_ref::<StatementError>() {
            return Some(&statement.source);
        }
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
