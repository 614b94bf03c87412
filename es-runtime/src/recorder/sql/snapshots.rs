//! The texts for snapshots.

use super::reads::{Dialect, Ranges};
use super::table::EventTable;

#[derive(Debug)]
pub(crate) struct SnapshotTexts<T = String> {
    /// Stores id, version, topic and state.
    pub(crate) put: T,
    pub(crate) snapshots: Ranges<T>,
    pub(crate) versions: Ranges<T>,
    /// Texts that remove what [`versions`](Self::versions) would read.
    pub(crate) delete: Ranges<T>,
    /// Removes all snapshots of an id.
    pub(crate) clear: T,
}

impl SnapshotTexts {
    pub(crate) fn new(dialect: &Dialect, table: &EventTable) -> Self {
        let EventTable { name, id, version, topic, state, .. } = table;
        let (name, p) = (dialect.table(name), dialect.parameter);
        let versions = Ranges::of_kind(dialect, table, &version.to_string());
        let delete = |which: &str| {
            format!("DELETE FROM {name} WHERE {id} = {p}1 AND {topic} = {p}5 AND {version} IN ({which})")
        };
        Self {
            put: format!(
                "INSERT INTO {name} ({id}, {version}, {topic}, {state}) VALUES ({p}1, {p}2, {p}3, {p}4)
                 ON CONFLICT ({id}, {topic}, {version}) DO UPDATE SET {state} = excluded.{state}"
            ),
            snapshots: Ranges::of_kind(dialect, table, &format!("{version}, {state}")),
            delete: Ranges {
                ascending: delete(&versions.ascending),
                descending: delete(&versions.descending),
            },
            clear: format!("DELETE FROM {name} WHERE {id} = {p}1"),
            versions,
        }
    }
}

#[cfg(feature = "postgres")]
impl<T> SnapshotTexts<T> {
    /// Makes another kind of texts of these.
    pub(crate) fn map<U>(self, mut make: impl FnMut(T) -> U) -> SnapshotTexts<U> {
        SnapshotTexts {
            put: make(self.put),
            snapshots: self.snapshots.map(&mut make),
            versions: self.versions.map(&mut make),
            delete: self.delete.map(&mut make),
            clear: make(self.clear),
        }
    }
}
