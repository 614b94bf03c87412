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

/// What went wrong, in which [kind](ErrorKind), and why.
///
/// The message gives the fact, the evidence and the remedy; it never holds a key or a plaintext.
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
/// `?` makes one of an id that cannot be parsed, too. `Debug` shows text, so that `fn main() -> Result<(), Error>` prints
/// `Error: NotFound: there is no ..`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    detail: Option<Detail>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a caller may act on.
enum Detail {
    Conflict(Conflict),
    Mismatch(Mismatch),
    Diverged(Diverged),
}

impl Error {
    /// Makes an error, for a recorder of your own; the message says what is wrong and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), detail: None, source: None }))
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says in front of the message what it is about.
    #[must_use]
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// The aggregate is forgotten.
    #[cold]
    pub fn forgotten(id: Uuid) -> Self {
        Self::new(
            ErrorKind::Forgotten,
            format!(
                "aggregate {id} is forgotten: its data key was destroyed, and nothing of it can be read or added"
            ),
        )
    }

    /// The aggregate has a data key, which the events were not encrypted with.
    #[cold]
    pub fn lacks_data_key(id: Uuid) -> Self {
        Self::new(
            ErrorKind::Config,
            format!(
                "aggregate {id} is encrypted with a data key, which these events are not; open with \
                 `Mapper::with_data_keys`, or `CIPHER_DATA_KEYS=yes`"
            ),
        )
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether the same call may succeed later: see [`ErrorKind::is_transient`].
    pub fn is_transient(&self) -> bool {
        self.kind().is_transient()
    }

    /// What was expected and found, if an event did not fit the aggregate it was applied to.
    pub fn as_mismatch(&self) -> Option<&Mismatch> {
        match &self.0.detail {
            Some(Detail::Mismatch(mismatch)) => Some(mismatch),
            _ => None,
        }
    }

    /// Returns the kept and the found place, if the log is another one than the reader's.
    pub fn as_diverged(&self) -> Option<&Diverged> {
        match &self.0.detail {
            Some(Detail::Diverged(diverged)) => Some(diverged),
            _ => None,
        }
    }

    /// What was expected and found, if somebody else was first: of the kinds [`Conflict`](ErrorKind::Conflict) and
    /// [`AlreadyExists`](ErrorKind::AlreadyExists).
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

/// The kind, the message, and the causes that it does not quote, as text: what `main` prints when it returns the error.
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
