//! The one error of the runtime: a kind to branch on, a message to read, a cause to follow.

mod kind;
mod conflict;
mod diverged;
mod mismatch;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;

use uuid::Uuid;

pub use self::conflict::Conflict;
pub use self::diverged::Diverged;
pub use self::kind::ErrorKind;
pub use self::mismatch::Mismatch;
use crate::id::{InvalidName, InvalidPlace, ParseIdError};

/// The error of every call: a [kind](ErrorKind), a message and a cause.
///
/// The message states the fact, the evidence and the remedy; it never holds a key or a plaintext.
///
/// ```
/// use es_runtime::{Error, ErrorKind};
///
/// fn status(error: &Error) -> u16 {
///     match error.kind() {
///         ErrorKind::NotFound => 404,
///         ErrorKind::Invalid => 422,
///         _ => 500,
///     }
/// }
/// ```
///
/// `?` also converts the error of an id that cannot be parsed. `Debug` shows text, so `fn main() -> Result<(), Error>`
/// prints `Error: NotFound: there is no ..`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    detail: Option<Detail>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The facts that a caller may act on.
enum Detail {
    Conflict(Conflict),
    Mismatch(Mismatch),
    Diverged(Diverged),
}

impl Error {
    /// Makes an error, for a recorder of your own; the message should state the fault and the remedy.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), detail: None, source: None }))
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts the subject of the message in front of it.
    #[must_use]
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// Reports that the aggregate is forgotten.
    #[cold]
    pub fn forgotten(id: Uuid) -> Self {
        Self::new(
            ErrorKind::Forgotten,
            format!(
                "aggregate {id} is forgotten: its data key was destroyed, and nothing of it can be read or added"
            ),
        )
    }

    /// Reports that the aggregate has a data key, but the events were not encrypted with it.
    #[cold]
    pub fn lacks_data_key(id: Uuid) -> Self {
        Self::new(
            ErrorKind::Config,
            format!(
                "aggregate {id} has a data key, but these events are not encrypted with it; open the application with \
                 `Mapper::with_data_keys`, or set `CIPHER_DATA_KEYS=yes`"
            ),
        )
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether the same call may succeed later: see [`ErrorKind::is_transient`].
    pub fn is_transient(&self) -> bool {
        self.kind().is_transient()
    }

    /// Returns the expected and the found event, if an event did not fit the aggregate it was applied to.
    pub fn as_mismatch(&self) -> Option<&Mismatch> {
        match &self.0.detail {
            Some(Detail::Mismatch(mismatch)) => Some(mismatch),
            _ => None,
        }
    }

    /// Returns the kept and the found place, if the log is not the reader's.
    pub fn as_diverged(&self) -> Option<&Diverged> {
        match &self.0.detail {
            Some(Detail::Diverged(diverged)) => Some(diverged),
            _ => None,
        }
    }

    /// Returns the expected and the found state, if another writer was first: for the kinds
    /// [`Conflict`](ErrorKind::Conflict) and [`AlreadyExists`](ErrorKind::AlreadyExists).
    pub fn as_conflict(&self) -> Option<&Conflict> {
        match &self.0.detail {
            Some(Detail::Conflict(conflict)) => Some(conflict),
            _ => None,
        }
    }
}

impl From<Diverged> for Error {
    fn from(diverged: Diverged) -> Self {
        let mut error = Self::new(ErrorKind::Diverged, diverged.to_string());
        error.0.detail = Some(Detail::Diverged(diverged));
        error
    }
}

impl From<Mismatch> for Error {
    fn from(mismatch: Mismatch) -> Self {
        let mut error = Self::new(ErrorKind::Corrupt, mismatch.to_string());
        error.0.detail = Some(Detail::Mismatch(mismatch));
        error
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        let mut error = Self::new(conflict.kind(), conflict.to_string());
        error.0.detail = Some(Detail::Conflict(conflict));
        error
    }
}

impl From<InvalidName> for Error {
    fn from(error: InvalidName) -> Self {
        Self::new(ErrorKind::Invalid, error.to_string()).with_source(error)
    }
}

impl From<InvalidPlace> for Error {
    fn from(error: InvalidPlace) -> Self {
        Self::new(ErrorKind::Invalid, error.to_string()).with_source(error)
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<ParseIdError> for Error {
    fn from(error: ParseIdError) -> Self {
        Self::new(ErrorKind::Invalid, error.to_string()).with_source(error)
    }
}

/// Writes the kind, the message, and each cause that the message does not quote, as text for `main` to print.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = format!("{:?}: {}", self.0.kind, self.0.message);
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many a message quotes its cause.
            if !shown.contains(&text) {
                shown = format!("{shown}\n  caused by: {text}");
            }
            cause = error.source();
        }
        f.write_str(&shown)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn keeps_its_source() {
        let error = Error::new(ErrorKind::Invalid, "outer").with_source("inner");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("inner"));
        assert_eq!(error.to_string(), "outer");
    }
}
