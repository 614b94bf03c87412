use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::within;
use crate::error::Error;
use crate::id::{Name, Version};
use crate::recorder::{EventRange, SnapshotRecorder};
use crate::stored_event::StoredEvent;

/// A recorder of snapshots in memory.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::recorder::MemorySnapshots;
/// use es_runtime::store::SnapshotStore;
///
/// let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
/// # let _ = snapshots;
/// ```
#[derive(Default)]
pub struct MemorySnapshots {
    aggregates: Mutex<HashMap<Uuid, Kinds>>,
}

type Kinds = HashMap<Name, BTreeMap<Version, StoredEvent>>;

impl MemorySnapshots {
    /// Makes an empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    fn aggregates(&self) -> MutexGuard<'_, HashMap<Uuid, Kinds>> {
        self.aggregates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        id: Uuid,
        topic: &str,
        range: EventRange,
        read: impl Fn((&Version, &StoredEvent)) -> T,
    ) -> Vec<T> {
        let aggregates = self.aggregates();
        let kept = aggregates.get(&id).and_then(|kinds| kinds.get(topic));
        let limit = range.max_count().unwrap_or(usize::MAX);
        kept.map_or_else(Vec::new, |kept| within(kept, range).take(limit).map(read).collect())
    }
}

impl fmt::Debug for MemorySnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySnapshots").field("aggregates", &self.aggregates().len()).finish()
    }
}

impl SnapshotRecorder for MemorySnapshots {
    async fn put(&self, snapshot: StoredEvent) -> Result<(), Error> {
        let mut aggregates = self.aggregates();
        let kinds = aggregates.entry(snapshot.id).or_default();
        kinds.entry(snapshot.topic.clone()).or_default().insert(snapshot.version, snapshot);
        Ok(())
    }

    async fn select(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        Ok(self.read(id, topic, range, |(_, snapshot)| snapshot.clone()))
    }

    async fn versions(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<Version>, Error> {
        Ok(self.read(id, topic, range, |(version, _)| *version))
    }

    async fn delete(&self, id: Uuid, topic: &str, range: EventRange) -> Result<(), Error> {
        if let Some(kept) = self.aggregates().get_mut(&id).and_then(|kinds| kinds.get_mut(topic)) {
            let limit = range.max_count().unwrap_or(usize::MAX);
            let removed: HashSet<Version> =
                within(kept, range).take(limit).map(|(version, _)| *version).collect();
            kept.retain(|version, _| !removed.contains(version));
        }
        Ok(())
    }

    async fn clear(&self, id: Uuid) -> Result<(), Error> {
        self.aggregates().remove(&id);
        Ok(())
    }
}
