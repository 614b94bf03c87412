use std::sync::Arc;

use es_runtime::Error;
use es_runtime::recorder::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, Cursor, DynKeyRecorder, DynProcessRecorder,
    EventPage, EventRange, KeyRecorder, LogPage, LogRange, Mark, ProcessRecorder, Receipt, Remains, Step,
    StoredKey, TrackingRecorder,
};
use uuid::Uuid;

/// A recorder behind the object-safe traits.
pub(crate) struct Erased(Arc<dyn DynProcessRecorder>);

impl Erased {
    pub(crate) fn new(recorder: impl ProcessRecorder) -> Self {
        Self(Arc::new(recorder))
    }

    fn keys(&self) -> &(dyn DynKeyRecorder + 'static) {
        self.0.as_keys().unwrap()
    }
}

impl AggregateRecorder for Erased {
    async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.0.append(commit).await
    }

    async fn select(&self, id: Uuid, range: EventRange) -> Result<EventPage, Error> {
        self.keys().select(id, range).await
    }

    async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.0.has_commit(id, commit).await
    }
}

impl KeyRecorder for Erased {
    async fn select_keys(&self, ids: Vec<Uuid>) -> Result<Vec<StoredKey>, Error> {
        self.keys().select_keys(ids).await
    }

    async fn replace_key(&self, old: StoredKey, new: StoredKey) -> Result<bool, Error> {
        self.keys().replace_key(old, new).await
    }

    async fn forget(&self, id: Uuid, notice: Commit) -> Result<Remains, Error> {
        self.keys().forget(id, notice).await
    }
}

impl ApplicationRecorder for Erased {
    async fn read_log(&self, range: LogRange) -> Result<LogPage, Error> {
        self.0.as_process().unwrap().read_log(range).await
    }

    async fn resolve(&self, receipt: &Receipt) -> Result<Option<Mark>, Error> {
        self.0.resolve(receipt).await
    }

    async fn beyond(&self, after: Option<Mark>) -> Result<(), Error> {
        self.0.beyond(after).await
    }
}

impl TrackingRecorder for Erased {
    async fn tracked(&self, cursor: &Cursor) -> Result<Option<Mark>, Error> {
        self.0.tracked(cursor).await
    }

    async fn track(&self, step: Step) -> Result<(), Error> {
        self.0.track(step).await
    }
}

impl ProcessRecorder for Erased {
    async fn append_tracked(&self, commit: Commit, step: Step) -> Result<Receipt, Error> {
        self.0.append_tracked(commit, step).await
    }
}
