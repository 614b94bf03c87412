use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::within;
use crate::error::Error;
use crate::id::Version;
use crate::recorder::{EventRange, SnapshotRecorder};
use crate::stored_event::StoredEvent;

/// Keeps snapshots in memory.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::recorder::MemorySnapshots;
/// use es_runtime::snapshot::SnapshotStore;
///
/// let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
/// # let _ = snapshots;
/// ```
#[derive(Default)]
pub struct MemorySnapshots {
    sequences: Mutex<HashMap<Uuid, BTreeMap<Version, StoredEvent>>>,
}

impl MemorySnapshots {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn sequences(&self) -> MutexGuard<'_, HashMap<Uuid, BTreeMap<Version, StoredEvent>>> {
        self.sequences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, id: Uuid, range: EventRange, read: impl Fn((&Version, &StoredEvent)) -> T) -> Vec<T> {
        let sequences = self.sequences();
        sequences.get(&id).map_or_else(Vec::new, |kept| within(kept, range).into_iter().map(read).collect())
    }
}

impl fmt::Debug for MemorySnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySnapshots").field("aggregates", &self.sequences().len()).finish()
    }
}

impl SnapshotRecorder for MemorySnapshots {
    async fn put(&self, snapshot: StoredEvent) -> Result<(), Error> {
        self.sequences().entry(snapshot.id).or_default().insert(snapshot.version, snapshot);
        Ok(())
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        Ok(self.read(id, range, |(_, snapshot)| snapshot.clone()))
    }

    async fn versions(&self, id: Uuid, range: EventRange) -> Result<Vec<Version>, Error> {
        Ok(self.read(id, range, |(version, _)| *version))
    }

    async fn delete(&self, id: Uuid, range: EventRange) -> Result<(), Error> {
        if let Some(kept) = self.sequences().get_mut(&id) {
            let removed: Vec<Version> =
                within(kept, range).into_iter().map(|(version, _)| *version).collect();
            kept.retain(|version, _| !removed.contains(version));
        }
        Ok(())
    }
}
