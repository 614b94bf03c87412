//! What the report is made of.

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Old rows stay readable: written on `update`, passed over otherwise.
    Accepted,
    /// Not in the lock yet: written on `update`.
    Unrecorded,
    /// Old rows become unreadable: written only on `overwrite`.
    Breaking,
    /// Nobody can say whether old rows become unreadable: written only on `accept`.
    Opaque,
    /// Wrong whatever the lock says.
    Defect,
}

/// One paragraph of the report.
#[derive(Debug, PartialEq)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    pub(super) text: String,
}

impl Finding {
    pub(super) fn accepted(text: String) -> Self {
        Self { weight: Weight::Accepted, text }
    }

    pub(super) fn breaking(text: String) -> Self {
        Self { weight: Weight::Breaking, text }
    }
}

pub(super) const UPDATE: &str = "run `EVENTS_LOCK=update cargo test events_lock` and commit `events.lock`";
pub(super) const OVERWRITE: &str =
    "if it was never deployed, run `EVENTS_LOCK=overwrite cargo test events_lock`";

/// The aggregate's topic and the name, of what an attribute is recorded under.
pub(super) fn attribute(topic: &str) -> Option<(&str, &str)> {
    topic.strip_suffix(']')?.rsplit_once('[')
}

/// How rows of a topic are skipped.
pub(super) fn retire(topic: &str) -> String {
    match attribute(topic) {
        Some((_, attribute)) => format!("`#[aggregate(retired = [{attribute:?}])]`"),
        None => format!("`#[mutator(retired = [{topic:?}])]`"),
    }
}
