use std::fmt;

use crate::id::{CommitId, Mark};

/// The evidence that the log lacks the mark of a reader: it is another log, or was cut back behind the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diverged {
    /// The place that the reader kept.
    pub kept: Mark,
    /// The commit that stands at this position now, or `None` if there is none.
    pub found: Option<CommitId>,
}

impl Diverged {
    /// Reports that another commit, or none, stands at the place that the reader kept.
    pub const fn new(kept: Mark, found: Option<CommitId>) -> Self {
        Self { kept, found }
    }
}

impl fmt::Display for Diverged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kept, found } = self;
        write!(f, "the log does not contain the mark of the reader: the reader kept {kept}, but ")?;
        match found {
            Some(found) => write!(f, "commit {found} has that position")?,
            None => f.write_str("no event has that position")?,
        }
        f.write_str("; the database was restored, or is another one; rebuild the view from this log, or open the right database")
    }
}
