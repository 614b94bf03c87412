//! A recorder that is chosen at run time: the object-safe twins, as the traits again.

use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, DynProcessRecorder, DynSnapshotRecorder,
    EventRange, LogRange, Notification, Position, ProcessRecorder, Receipt, SnapshotRecorder, StoredKey,
    Tracking,
};
use es_runtime::stored_event::StoredEvent;
use es_runtime::{Error, Version};
use uuid::Uuid;

pub(crate) struct Erased(Box<dyn DynProcessRecorder>);

impl Erased {
    pub(crate) fn new(recorder: impl ProcessRecorder) -> Self {
        Self(Box::new(recorder))
    }
}

impl AggregateRecorder for Erased {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.0.append_dyn(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.0.select_dyn(id, range).await
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.0.has_commit_dyn(id, commit).await
    }

    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.0.select_keys_dyn(ids).await
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.0.replace_key_dyn(old, new).await
    }

    async fn forget(&self, id: Uuid) -> Result<(), Error> {
        self.0.forget_dyn(id).await
    }
}

impl ApplicationRecorder for Erased {
    async fn select_log(&self, range: LogRange) -> Result<Vec<Notification>, Error> {
        self.0.select_log_dyn(range).await
    }

    async fn last_position(&self) -> Result<Option<Position>, Error> {
        self.0.last_position_dyn().await
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Position>, Error> {
        self.0.resolve_dyn(receipt).await
    }
}

impl ProcessRecorder for Erased {
    async fn append_tracked(&self, commit: Commit, tracking: Tracking) -> Result<Receipt, Error> {
        self.0.append_tracked_dyn(commit, tracking).await
    }

    async fn last_tracked(&self, upstream: &str) -> Result<Option<Position>, Error> {
        self.0.last_tracked_dyn(upstream).await
    }
}

pub(crate) struct ErasedSnapshots(Box<dyn DynSnapshotRecorder>);

impl ErasedSnapshots {
    pub(crate) fn new(recorder: impl SnapshotRecorder) -> Self {
        Self(Box::new(recorder))
    }
}

impl SnapshotRecorder for ErasedSnapshots {
    async fn put(&self, snapshot: StoredEvent) -> Result<(), Error> {
        self.0.put_dyn(snapshot).await
    }

    async fn select(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.0.select_dyn(id, topic, range).await
    }

    async fn versions(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<Version>, Error> {
        self.0.versions_dyn(id, topic, range).await
    }

    async fn delete(&self, id: Uuid, topic: &str, range: EventRange) -> Result<(), Error> {
        self.0.delete_dyn(id, topic, range).await
    }

    async fn clear(&self, id: Uuid) -> Result<(), Error> {
        self.0.clear_dyn(id).await
    }
}
