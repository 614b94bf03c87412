use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::id::{Mark, Name, Slices};

/// The identity of a reader of one log: its name, the log, and its slices.
///
/// ```
/// use es_runtime::id::Slices;
/// use es_runtime::recorder::Cursor;
///
/// let whole = Cursor::new("balances", "bank")?;
/// let [half, _] = Slices::split();
/// assert_ne!(whole, whole.clone().with_slices(half));
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Cursor {
    /// The name of the reader.
    pub consumer: Name,
    /// The name of the application whose log it reads.
    pub upstream: Name,
    /// The slices that it reads.
    pub slices: Slices,
}

impl Cursor {
    /// Makes the cursor of a reader of all slices.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if a text is no [`Name`].
    pub fn new<C, U>(consumer: C, upstream: U) -> Result<Self, Error>
    where
        C: TryInto<Name>,
        U: TryInto<Name>,
        Error: From<C::Error> + From<U::Error>,
    {
        Ok(Self { consumer: consumer.try_into()?, upstream: upstream.try_into()?, slices: Slices::ALL })
    }

    /// Sets the slices of the reader.
    #[must_use]
    pub const fn with_slices(mut self, slices: Slices) -> Self {
        self.slices = slices;
        self
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in the log of `{}`", self.consumer, self.upstream)?;
        if self.slices.is_all() { Ok(()) } else { write!(f, ", slices {}", self.slices) }
    }
}

/// One step of a reader, from its last place to its new one.
///
/// ```
/// use es_runtime::id::{CommitId, Mark, Position};
/// use es_runtime::recorder::{Cursor, Step};
///
/// let cursor = Cursor::new("balances", "bank")?;
/// let reached = Mark::new(Position::FIRST, CommitId::new());
/// let first = Step::new(cursor.clone(), None, reached)?;
/// assert!(Step::new(cursor, Some(reached), reached).is_err());
/// # let _ = first;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    cursor: Cursor,
    from: Option<Mark>,
    to: Mark,
}

impl Step {
    /// Makes a step of a reader; a step from `None` is the first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the step does not go forward.
    pub fn new(cursor: Cursor, from: Option<Mark>, to: Mark) -> Result<Self, Error> {
        if let Some(from) = from.filter(|from| from.position() >= to.position()) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("{cursor} would step from {from} to {to}, which is not beyond it; steps go forward"),
            ));
        }
        Ok(Self { cursor, from, to })
    }

    /// Returns the reader.
    pub const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Returns the place where the step begins.
    pub const fn from(&self) -> Option<Mark> {
        self.from
    }

    /// Returns the place where the step ends.
    pub const fn to(&self) -> Mark {
        self.to
    }
}
