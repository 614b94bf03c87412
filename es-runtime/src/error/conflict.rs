use std::fmt;

use uuid::Uuid;

use crate::id::Version;

/// Who was first, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The aggregate has events that the saved ones do not follow.
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
    /// The events of the upstream application were processed before, up to this position or beyond.
    #[non_exhaustive]
    Tracking {
        /// The upstream application.
        upstream: String,
        /// The position that was to be recorded.
        position: u64,
        /// The position that is recorded.
        found: u64,
    },
}

impl Conflict {
    /// The aggregate has events that the saved ones, of which `first` is the first, do not follow.
    pub fn version(id: Uuid, first: Version, found: Option<Version>) -> Self {
        let expected = first.get().checked_sub(1).and_then(Version::new);
        Self::Version { id, expected, found }
    }

    /// Another data key of the aggregate is stored.
    pub const fn key(id: Uuid) -> Self {
        Self::Key { id }
    }

    /// The events of the upstream application were processed before, up to `found`.
    pub fn tracking(upstream: impl Into<String>, position: u64, found: u64) -> Self {
        Self::Tracking { upstream: upstream.into(), position, found }
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
            Self::Tracking { upstream, position, found } => write!(
                f,
                "position {position} of `{upstream}` was processed before: {found} is recorded; go on after that"
            ),
        }
    }
}
