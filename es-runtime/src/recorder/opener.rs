//! The process that opened a database: a fork of it inherits the connections, and neither threads nor locks of files.

use std::process;

use crate::error::{Error, ErrorKind};

/// The process that opened a database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opener(u32);

impl Opener {
    /// Returns this process.
    pub(crate) fn here() -> Self {
        Self(process::id())
    }

    /// Returns another process, of which this one would be a fork.
    #[cfg(all(test, feature = "sqlite"))]
    pub(super) fn elsewhere() -> Self {
        Self(process::id() + 1)
    }

    /// Returns whether this process is a fork of the opener.
    pub(crate) fn is_parent(self) -> bool {
        process::id() != self.0
    }

    /// Refuses a fork of the opener.
    pub(crate) fn check(self) -> Result<(), Error> {
        if !self.is_parent() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Config,
            format!(
                "the database was opened by process {}, of which this one is a fork; open the database after the fork",
                self.0
            ),
        ))
    }
}
