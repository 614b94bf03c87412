//! An event in the log, as all who read it by hand or by the recorder write it down.

use es_runtime::recorder::Notification;
use uuid::Uuid;

/// An event in the log. Two are equal if the same event stands at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) position: u64,
    pub(crate) commit: Uuid,
    pub(crate) id: Uuid,
    pub(crate) version: u64,
    /// The place in its commit, if it was asked for.
    pub(crate) at: u64,
}

impl Row {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        Some(Self {
            position: words.next()?.parse().ok()?,
            commit: words.next()?.parse().ok()?,
            id: words.next()?.parse().ok()?,
            version: words.next()?.parse().ok()?,
            at: words.next()?.parse().ok()?,
        })
    }

    pub(crate) fn of(entry: &Notification) -> Self {
        let (mark, event) = (entry.mark(), &entry.event);
        let version = event.version.get();
        Self { position: mark.position().get(), commit: mark.commit().uuid(), id: event.id, version, at: 0 }
    }

    /// Returns the row as a reader knows it.
    pub(crate) const fn read_one(self) -> Self {
        Self { at: 0, ..self }
    }
}
