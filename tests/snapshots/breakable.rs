//! Snapshots in a store that can be broken, and an application that reports their errors.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use es_runtime::application::Builder;
use es_runtime::recorder::{EventRange, MemoryRecorder, MemorySnapshots, SnapshotRecorder, StoredEvent};
use es_runtime::{Application, Error, ErrorKind, Version, Wait};
use uuid::Uuid;

/// Snapshots in a store that can be broken.
#[derive(Default)]
pub(super) struct Breakable {
    pub(super) store: MemorySnapshots,
    pub(super) is_broken: AtomicBool,
    pub(super) reads: AtomicU32,
    pub(super) puts: AtomicU32,
}

impl Breakable {
    fn check(&self) -> Result<(), Error> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Storage, "the disk is gone"));
        }
        Ok(())
    }
}

pub(super) struct Handle(pub(super) Arc<Breakable>);

impl SnapshotRecorder for Handle {
    async fn put(&self, snapshot: StoredEvent) -> Result<(), Error> {
        self.0.check()?;
        self.0.puts.fetch_add(1, Ordering::Relaxed);
        self.0.store.put(snapshot).await
    }

    async fn select(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<StoredEvent>, Error> {
        self.0.check()?;
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        self.0.store.select(id, topic, range).await
    }

    async fn versions(&self, id: Uuid, topic: &str, range: EventRange) -> Result<Vec<Version>, Error> {
        self.0.check()?;
        self.0.reads.fetch_add(1, Ordering::Relaxed);
        self.0.store.versions(id, topic, range).await
    }

    async fn delete(&self, id: Uuid, topic: &str, range: EventRange) -> Result<(), Error> {
        self.0.check()?;
        self.0.store.delete(id, topic, range).await
    }

    async fn clear(&self, id: Uuid) -> Result<(), Error> {
        self.0.check()?;
        self.0.store.clear(id).await
    }
}

/// An application, its snapshots, and the kinds of the errors that it reported.
pub(super) type Told = (Application, Arc<Breakable>, Arc<Mutex<Vec<ErrorKind>>>);

pub(super) fn told(recorder: Arc<MemoryRecorder>, with: impl Fn(Builder) -> Builder) -> Told {
    let (snapshots, told) = (Arc::new(Breakable::default()), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&told);
    let builder = Application::on(recorder)
        .snapshots_in(Arc::new(Handle(Arc::clone(&snapshots))))
        .on_snapshot_error(move |error| seen.lock().unwrap().push(error.kind()));
    (with(builder).open().wait().unwrap(), snapshots, told)
}
