use std::fmt;

use uuid::Uuid;

use super::ErrorKind;
use crate::id::{Mark, Name, Version};

/// The facts of a lost race: the expected and the found state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The saved events do not follow the last stored event of the aggregate.
    #[non_exhaustive]
    Version {
        /// The aggregate.
        id: Uuid,
        /// The version that the saved events follow, or `None` if they begin at 0.
        expected: Option<Version>,
        /// The last stored version.
        found: Option<Version>,
    },
    /// The stored data key of the aggregate differs from the key that encrypts the events.
    #[non_exhaustive]
    Key {
        /// The aggregate.
        id: Uuid,
    },
    /// The recorded step of this reader differs from the place where this step begins.
    #[non_exhaustive]
    Tracking {
        /// The reader.
        consumer: Name,
        /// The application whose log the reader reads.
        upstream: Name,
        /// The place where the step begins.
        expected: Option<Mark>,
        /// The recorded place.
        found: Option<Mark>,
    },
}

impl Conflict {
    /// Returns the kind of the error: [`ErrorKind::AlreadyExists`] for events that begin at version 1, if the first
    /// event of the aggregate is stored; [`ErrorKind::Conflict`] otherwise.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Version { expected: Some(expected), .. } if *expected == 0 => ErrorKind::AlreadyExists,
            _ => ErrorKind::Conflict,
        }
    }

    /// Reports that the saved events, of which `first` is the first, do not follow the events of the aggregate.
    pub fn version(id: Uuid, first: Version, found: Option<Version>) -> Self {
        let expected = first.get().checked_sub(1).and_then(Version::new);
        Self::Version { id, expected, found }
    }

    /// Reports that another data key of the aggregate is stored.
    pub const fn key(id: Uuid) -> Self {
        Self::Key { id }
    }

    /// Reports that the recorded place of a reader is not the place where its step begins.
    pub const fn tracking(
        consumer: Name,
        upstream: Name,
        expected: Option<Mark>,
        found: Option<Mark>,
    ) -> Self {
        Self::Tracking { consumer, upstream, expected, found }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |version: &Option<Version>| version.map_or_else(|| "none".to_owned(), |v| v.to_string());
        match self {
            Self::Version { id, expected: Some(expected), found: Some(found) } if *expected == 0 => write!(
                f,
                "aggregate {id} exists already, at version {found}; load it, or create another: the id of a discarded one \
                 is never used again"
            ),
            Self::Version { id, expected, found } if found < expected => write!(
                f,
                "the new events of aggregate {id} follow version {}, which is not stored; the last one stored is {}: the program \
                 loaded the aggregate from another store, or a restored backup lacks events; load the aggregate again and \
                 repeat the command",
                number(expected),
                number(found)
            ),
            Self::Version { id, expected, found } => write!(
                f,
                "another caller changed aggregate {id}: the new events follow version {}, but the last stored version is {}; \
                 load the aggregate again and repeat the command",
                number(expected),
                number(found)
            ),
            Self::Key { id } => write!(
                f,
                "another caller stored the first data key of aggregate {id}; load the aggregate again and repeat the command"
            ),
            Self::Tracking { consumer, upstream, expected, found } => {
                let place = |mark: &Option<Mark>| {
                    mark.map_or_else(|| "the beginning".to_owned(), |mark| mark.to_string())
                };
                write!(
                    f,
                    "the step of reader `{consumer}` in the log of `{upstream}` begins at {}, but the recorded mark is {}: \
                     another process was first; continue from the recorded mark",
                    place(expected),
                    place(found)
                )
            }
        }
    }
}
