use super::places::Places;
use crate::error::{Conflict, Diverged, Error, ErrorKind};
use crate::id::Mark;
use crate::recorder::{Notification, Receipt, StoredKey};
use crate::stored_event::StoredEvent;

/// An answer of a recorder, in a form that the run can compare.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Stored {
        receipt: Receipt,
        is_repeated: bool,
    },
    Events(Vec<StoredEvent>),
    Log {
        entries: Vec<Notification>,
        through: Option<Mark>,
    },
    Keys(Vec<StoredKey>),
    Place(Option<Mark>),
    Found(bool),
    Done,
    Refused {
        kind: ErrorKind,
        conflict: Option<Conflict>,
        diverged: Option<Diverged>,
    },
    /// A page that breaks the promises of recorders.
    Broken(&'static str),
}

impl Answer {
    pub(super) fn refused(error: &Error, places: &Places) -> Self {
        Self::Refused {
            kind: error.kind(),
            conflict: error.as_conflict().map(|conflict| places.counted_conflict(conflict)),
            diverged: error.as_diverged().map(|diverged| places.counted_diverged(*diverged)),
        }
    }
}
