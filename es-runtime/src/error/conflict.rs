use std::fmt;

use uuid::Uuid;

use super::ErrorKind;
use crate::id::{Mark, Name, Version};

/// Who was first, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The saved events do not follow the last one that is stored of the aggregate.
    #[non_exhaustive]
    Version {
        /// The aggregate.
        id: Uuid,
        /// The version that the saved events follow; nothing if they begin at 0.
        expected: Option<Version>,
        /// The last version that is stored.
        found: Option<Version>,
    },
    /// Another data key of the aggregate is stored than the one that the events are encrypted with.
    #[non_exhaustive]
    Key {
        /// The aggregate.
        id: Uuid,
    },
    /// Another step was recorded of this reader than the one that this step begins at.
    #[non_exhaustive]
    Tracking {
        /// The reader.
        consumer: Name,
        /// The application whose log it reads.
        upstream: Name,
        /// The place that the step begins at.
        expected: Option<Mark>,
        /// The place that is recorded.
        found: Option<Mark>,
    },
}

impl Conflict {
    /// Returns the kind of error that it is: [`ErrorKind::AlreadyExists`] of events that begin at version 1, where the first event
    /// of the aggregate is stored; else [`ErrorKind::Conflict`].
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Version { expected: Some(expected), .. } if *expected == 0 => ErrorKind::AlreadyExists,
            _ => ErrorKind::Conflict,
        }
    }

    /// The aggregate has events that the saved ones, of which `first` is the first, do not follow.
    pub fn version(id: Uuid, first: Version, found: Option<Version>) -> Self {
        let expected = first.get().checked_sub(1).and_then(Version::new);
        Self::Version { id, expected, found }
    }

    /// Another data key of the aggregate is stored.
    pub const fn key(id: Uuid) -> Self {
        Self::Key { id }
    }

    /// Another place is recorded of a reader than the one that its step begins at.
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
                "the events of aggregate {id} follow version {}, which is not stored; the last one stored is {}: the aggregate \
                 was loaded from another store, or this one lost events when a backup was restored; load it again and repeat \
                 the command",
                number(expected),
                number(found)
            ),
            Self::Version { id, expected, found } => write!(
                f,
                "aggregate {id} was changed by somebody else: the events follow version {}, the last one stored is {}; \
                 load it again and repeat the command",
                number(expected),
                number(found)
            ),
            Self::Key { id } => write!(
                f,
                "somebody else stored the first data key of aggregate {id} meanwhile; load it again and repeat the command"
            ),
            Self::Tracking { consumer, upstream, expected, found } => {
                let place = |mark: &Option<Mark>| {
                    mark.map_or_else(|| "the beginning".to_owned(), |mark| mark.to_string())
                };
                write!(
                    f,
                    "`{consumer}` steps on from {} in the log of `{upstream}`, but {} is recorded: another runner was there; \
                     go on from the recorded place",
                    place(expected),
                    place(found)
                )
            }
        }
    }
}
