use uuid::Uuid;

use super::when::Call;
use super::wrapper::Faulty;
use crate::error::Error;
use crate::id::Version;
use crate::recorder::{EventRange, SnapshotRecorder};
use crate::stored_event::StoredEvent;

impl<R: SnapshotRecorder> SnapshotRecorder for Faulty<R> {
    async fn put(&self, snapshot: StoredEvent) -> Result<(), Error> {
        self.call(Call::Put, self.inner.put(snapshot)).await
    }

    async fn select(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.call(Call::Select, self.inner.select(id, topic, range)).await
    }

    async fn versions(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<Version>, Error> {
        self.call(Call::Versions, self.inner.versions(id, topic, range)).await
    }

    async fn delete(&self, id: Uuid, topic: &str, range: EventRange) -> Result<(), Error> {
        self.call(Call::Delete, self.inner.delete(id, topic, range)).await
    }

    async fn clear(&self, id: Uuid) -> Result<(), Error> {
        self.call(Call::Clear, self.inner.clear(id)).await
    }
}
