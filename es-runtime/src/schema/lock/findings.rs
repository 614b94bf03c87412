//! The parts of the report.

/// The consequence of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Old rows stay readable: `update` writes the change, every other mode ignores it.
    Accepted,
    /// The lock does not have it yet: `update` writes it.
    Unrecorded,
    /// Old rows become unreadable: only `overwrite` writes the change.
    Breaking,
    /// Old rows may become unreadable, and nobody can see it: only `accept` writes the value.
    Opaque,
    /// A mistake, whatever the lock holds.
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

/// Splits the name that an attribute is recorded under into the aggregate's topic and the attribute's name.
pub(super) fn attribute(topic: &str) -> Option<(&str, &str)> {
    topic.strip_suffix(']')?.rsplit_once('[')
}

/// Returns the code that makes readers skip rows of a topic.
pub(super) fn retire(topic: &str) -> String {
    match attribute(topic) {
        Some((_, attribute)) => format!("`#[aggregate(retired = [{attribute:?}])]`"),
        None => format!("`#[mutator(retired = [{topic:?}])]`"),
    }
}
