use std::fmt;
use std::num::NonZeroU64;

use super::CommitId;

/// The place of an event in the order of all events of an application; the first is 1.
///
/// ```
/// use es_runtime::id::Position;
///
/// assert_eq!(Position::FIRST, 1);
/// assert_eq!(Position::new(0), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(NonZeroU64);

impl Position {
    /// The first position.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The highest position, which every store can hold.
    pub const MAX: Self = Self(NonZeroU64::MIN.saturating_add(i64::MAX.unsigned_abs() - 1));

    /// The position with this number, or `None` for 0 and above [`Position::MAX`].
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(position) if number <= i64::MAX.unsigned_abs() => Some(Self(position)),
            _ => None,
        }
    }

    /// Returns the number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Position({})", self.0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl PartialEq<u64> for Position {
    fn eq(&self, other: &u64) -> bool {
        self.get() == *other
    }
}

/// A place in the log, known by the commit that stands there.
///
/// A number does not know its log: after a restore, a power cut or a change of the path, other events stand at the
/// same positions. A reader therefore keeps the mark. The store compares it when the reader comes back, and answers
/// [`ErrorKind::Diverged`](crate::ErrorKind::Diverged) when another commit stands there, or none.
///
/// ```
/// use es_runtime::id::{CommitId, Mark, Position};
///
/// let mark = Mark::new(Position::FIRST, CommitId::new());
/// assert_eq!(mark.position(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    position: Position,
    commit: CommitId,
}

impl Mark {
    /// The place where an event of this commit stands.
    pub const fn new(position: Position, commit: CommitId) -> Self {
        Self { position, commit }
    }

    /// Returns the position.
    pub const fn position(self) -> Position {
        self.position
    }

    /// Returns the commit that stands there.
    pub const fn commit(self) -> CommitId {
        self.commit
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {} (commit {})", self.position, self.commit)
    }
}
