//! The rule for due snapshots.

use std::collections::HashMap;

/// The rule by which saves take snapshots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshotting {
    /// The number of events between snapshots, by the name of the aggregate.
    pub(crate) every: HashMap<&'static str, u64>,
    /// The number of events between snapshots for all other aggregates.
    pub(crate) usual: Option<u64>,
}

impl Snapshotting {
    /// Returns whether no aggregate has automatic snapshots.
    pub(super) fn is_off(&self) -> bool {
        self.every.is_empty() && self.usual.is_none()
    }

    pub(super) fn every(&self, name: &str) -> Option<u64> {
        self.every.get(name).copied().or(self.usual).filter(|every| *every > 0)
    }
}
