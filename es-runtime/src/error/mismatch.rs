use std::fmt;

use uuid::Uuid;

use crate::id::Version;

/// The reason why an event does not fit the aggregate it was applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The event belongs to another aggregate.
    #[non_exhaustive]
    Id {
        /// The aggregate that the replay builds.
        expected: Uuid,
        /// The aggregate that the event names.
        found: Uuid,
    },
    /// An event is missing, doubled or out of order.
    #[non_exhaustive]
    Version {
        /// The aggregate that the replay builds.
        id: Uuid,
        /// The version that comes next.
        expected: Version,
        /// The version of the event.
        found: Version,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id { expected, found } => write!(
                f,
                "an event of aggregate {found} was applied to aggregate {expected}; \
                 read the events of one aggregate at a time"
            ),
            Self::Version { id, expected, found } => write!(
                f,
                "aggregate {id} expects event version {expected} next but was given {found}; \
                 versions are 1, 2, 3 and so on without gap or repeat"
            ),
        }
    }
}
