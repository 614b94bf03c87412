//! The traits once more, for stores that are chosen at run time.

use std::future::Future;
use std::pin::Pin;

use uuid::Uuid;

use super::{
    AggregateRecorder, ApplicationRecorder, Commit, CommitId, EventRange, LogRange, Notification, Position,
    ProcessRecorder, Receipt, SnapshotRecorder, StoredKey, Tracking,
};
use crate::error::Error;
use crate::id::Version;
use crate::stored_event::StoredEvent;

/// What a method returns: a future on the heap.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// [`AggregateRecorder`] as an object; every one of them is.
pub trait DynAggregateRecorder: Send + Sync + 'static {
    /// See [`AggregateRecorder::append`].
    fn append_dyn(&self, commit: Commit) -> Boxed<'_, Receipt>;

    /// See [`AggregateRecorder::select`].
    fn select_dyn(&self, id: Uuid, range: EventRange) -> Boxed<'_, Vec<StoredEvent>>;

    /// See [`AggregateRecorder::has_commit`].
    fn has_commit_dyn(&self, id: Uuid, commit: CommitId) -> Boxed<'_, bool>;

    /// See [`AggregateRecorder::select_keys`].
    fn select_keys_dyn(&self, ids: Vec<Uuid>) -> Boxed<'_, Vec<StoredKey>>;

    /// See [`AggregateRecorder::replace_key`].
    fn replace_key_dyn(&self, old: StoredKey, new: StoredKey) -> Boxed<'_, bool>;

    /// See [`AggregateRecorder::forget`].
    fn forget_dyn(&self, id: Uuid) -> Boxed<'_, ()>;
}

/// [`SnapshotRecorder`] as an object; every one of them is.
pub trait DynSnapshotRecorder: Send + Sync + 'static {
    /// See [`SnapshotRecorder::put`].
    fn put_dyn(&self, snapshot: StoredEvent) -> Boxed<'_, ()>;

    /// See [`SnapshotRecorder::select`].
    fn select_dyn<'a>(&'a self, id: Uuid, topic: &'a str, range: EventRange) -> Boxed<'a, Vec<StoredEvent>>;

    /// See [`SnapshotRecorder::versions`].
    fn versions_dyn<'a>(&'a self, id: Uuid, topic: &'a str, range: EventRange) -> Boxed<'a, Vec<Version>>;

    /// See [`SnapshotRecorder::delete`].
    fn delete_dyn<'a>(&'a self, id: Uuid, topic: &'a str, range: EventRange) -> Boxed<'a, ()>;

    /// See [`SnapshotRecorder::clear`].
    fn clear_dyn(&self, id: Uuid) -> Boxed<'_, ()>;
}

/// [`ApplicationRecorder`] as an object; every one of them is.
pub trait DynApplicationRecorder: DynAggregateRecorder {
    /// See [`ApplicationRecorder::select_log`].
    fn select_log_dyn(&self, range: LogRange) -> Boxed<'_, Vec<Notification>>;

    /// See [`ApplicationRecorder::last_position`].
    fn last_position_dyn(&self) -> Boxed<'_, Option<Position>>;

    /// See [`ApplicationRecorder::resolve`].
    fn resolve_dyn<'a>(&'a self, receipt: &'a Receipt) -> Boxed<'a, Option<Position>>;
}

/// [`ProcessRecorder`] as an object; every one of them is.
pub trait DynProcessRecorder: DynApplicationRecorder {
    /// See [`ProcessRecorder::append_tracked`].
    fn append_tracked_dyn(&self, commit: Commit, tracking: Tracking) -> Boxed<'_, Receipt>;

    /// See [`ProcessRecorder::last_tracked`].
    fn last_tracked_dyn<'a>(&'a self, upstream: &'a str) -> Boxed<'a, Option<Position>>;
}

impl<R: AggregateRecorder> DynAggregateRecorder for R {
    fn append_dyn(&self, commit: Commit) -> Boxed<'_, Receipt> {
        Box::pin(self.append(commit))
    }

    fn select_dyn(&self, id: Uuid, range: EventRange) -> Boxed<'_, Vec<StoredEvent>> {
        Box::pin(self.select(id, range))
    }

    fn has_commit_dyn(&self, id: Uuid, commit: CommitId) -> Boxed<'_, bool> {
        Box::pin(self.has_commit(id, commit))
    }

    fn select_keys_dyn(&self, ids: Vec<Uuid>) -> Boxed<'_, Vec<StoredKey>> {
        Box::pin(self.select_keys(ids))
    }

    fn replace_key_dyn(&self, old: StoredKey, new: StoredKey) -> Boxed<'_, bool> {
        Box::pin(self.replace_key(old, new))
    }

    fn forget_dyn(&self, id: Uuid) -> Boxed<'_, ()> {
        Box::pin(self.forget(id))
    }
}

impl<R: SnapshotRecorder> DynSnapshotRecorder for R {
    fn put_dyn(&self, snapshot: StoredEvent) -> Boxed<'_, ()> {
        Box::pin(self.put(snapshot))
    }

    fn select_dyn<'a>(&'a self, id: Uuid, topic: &'a str, range: EventRange) -> Boxed<'a, Vec<StoredEvent>> {
        Box::pin(self.select(id, topic, range))
    }

    fn versions_dyn<'a>(&'a self, id: Uuid, topic: &'a str, range: EventRange) -> Boxed<'a, Vec<Version>> {
        Box::pin(self.versions(id, topic, range))
    }

    fn delete_dyn<'a>(&'a self, id: Uuid, topic: &'a str, range: EventRange) -> Boxed<'a, ()> {
        Box::pin(self.delete(id, topic, range))
    }

    fn clear_dyn(&self, id: Uuid) -> Boxed<'_, ()> {
        Box::pin(self.clear(id))
    }
}

impl<R: ApplicationRecorder> DynApplicationRecorder for R {
    fn select_log_dyn(&self, range: LogRange) -> Boxed<'_, Vec<Notification>> {
        Box::pin(self.select_log(range))
    }

    fn last_position_dyn(&self) -> Boxed<'_, Option<Position>> {
        Box::pin(self.last_position())
    }

    fn resolve_dyn<'a>(&'a self, receipt: &'a Receipt) -> Boxed<'a, Option<Position>> {
        Box::pin(self.resolve(receipt))
    }
}

impl<R: ProcessRecorder> DynProcessRecorder for R {
    fn append_tracked_dyn(&self, commit: Commit, tracking: Tracking) -> Boxed<'_, Receipt> {
        Box::pin(self.append_tracked(commit, tracking))
    }

    fn last_tracked_dyn<'a>(&'a self, upstream: &'a str) -> Boxed<'a, Option<Position>> {
        Box::pin(self.last_tracked(upstream))
    }
}
