//! States made by any function from events of a set: the stand-alone style, without the macros.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::event::{Envelope, EventSet};
use crate::id::{Id, Version};
use crate::mapper::Snapshot;
use crate::recorder::{EventRange, Remains};
use crate::store::{At, EventStore, Rows, SnapshotStore, bounds, clear_forgotten, no_events, no_snapshots};

/// A repository that makes states of type `S` from events of the set `E`, by a mutator function.
///
/// The function takes the state so far and the next event, and returns the state after it. The state is `None` before
/// the first event, and once the subject of the events is gone.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::event::{Event, Recorded};
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::MemoryRecorder;
/// use es_runtime::standalone::MutatorRepository;
/// use es_runtime::store::EventStore;
/// use es_runtime::Wait;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// pub struct Counted {
///     pub by: u32,
/// }
///
/// impl Event for Counted {
///     const NAME: &'static str = "Counted";
///     const TOPIC: &'static str = "counter.counted";
/// }
///
/// fn count(total: Option<u32>, event: Counted) -> Option<u32> {
///     Some(total.unwrap_or_default() + event.by)
/// }
///
/// let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
/// let id = uuid::Uuid::now_v7();
/// let events = [Recorded::now(id, 1, Counted { by: 2 }), Recorded::now(id, 2, Counted { by: 3 })];
/// store.put(&events).wait()?;
///
/// let counters = MutatorRepository::new(store, count);
/// assert_eq!(counters.get(id).wait()?, 5);
/// assert_eq!(counters.get_at(id, 1).wait()?, 2);
/// # Ok::<(), es_runtime::Error>(())
/// ```
///
/// You choose the versions: they may begin anywhere and have gaps, which the repository does not report.
pub struct MutatorRepository<S, E> {
    store: EventStore,
    mutator: Arc<Mutator<S, E>>,
    snapshots: Option<Arc<Snapshots<S>>>,
}

type Mutator<S, E> = dyn Fn(Option<S>, E, &Envelope) -> Option<S> + Send + Sync;

/// The snapshots of one kind of state. Only this type requires a state to be serializable: it knows how to read it.
struct Snapshots<S> {
    kept: SnapshotStore,
    name: &'static str,
    version: u64,
    latest: Latest<S>,
}

type Latest<S> = for<'a> fn(&'a Snapshots<S>, &'a EventStore, Uuid, At) -> Found<'a, S>;
type Found<'a, S> = Pin<Box<dyn Future<Output = Option<Snapshot<S>>> + Send + 'a>>;

/// The outcome of folding events.
struct Folded<S> {
    /// The last event, and the times of the first and the last event; `None` if there are no events.
    last: Option<(Version, (Timestamp, Timestamp))>,
    state: Option<S>,
    /// The version of the snapshot that the fold began with.
    kept: Option<Version>,
}

impl<S, E> Clone for MutatorRepository<S, E> {
    fn clone(&self) -> Self {
        let Self { store, mutator, snapshots } = self;
        Self { store: store.clone(), mutator: Arc::clone(mutator), snapshots: snapshots.clone() }
    }
}

impl<S, E> fmt::Debug for MutatorRepository<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutatorRepository").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<S: Send, E: EventSet> MutatorRepository<S, E> {
    /// Makes states with a function that takes the state and the event.
    pub fn new(
        store: EventStore,
        mutator: impl Fn(Option<S>, E) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        Self::with_envelope(store, move |state, event, _| mutator(state, event))
    }

    /// Makes states with a function that also takes the id, version and time of the event.
    pub fn with_envelope(
        store: EventStore,
        mutator: impl Fn(Option<S>, E, &Envelope) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        Self { store, mutator: Arc::new(mutator), snapshots: None }
    }

    /// Returns the store.
    pub const fn store(&self) -> &EventStore {
        &self.store
    }

    /// Returns the current state.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there are no events, or they leave no state;
    /// [`UnknownTopic`](ErrorKind::UnknownTopic) if an event is not of the set; and the errors of mapper and store.
    pub async fn get(&self, id: Uuid) -> Result<S, Error> {
        self.get_at(id, Version::MAX).await
    }

    /// Returns the state at a version or a time.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_at(&self, id: Uuid, at: impl Into<At>) -> Result<S, Error> {
        let at = at.into();
        let Folded { last, state, .. } = self.fold(id, at).await?;
        state.ok_or_else(|| not_found::<S>(id, last.is_some(), at))
    }

    /// Returns whether the events leave a state.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), except `NotFound`.
    pub async fn contains(&self, id: Uuid) -> Result<bool, Error> {
        match self.fold(id, At::Version(Version::MAX)).await {
            Err(error) if error.kind() == ErrorKind::Forgotten => Ok(false),
            folded => folded.map(|folded| folded.state.is_some()),
        }
    }

    /// Destroys the data key of a sequence, and removes its snapshots of every kind. See [`EventStore::forget`], which
    /// also explains `of`.
    ///
    /// # Errors
    ///
    /// As [`EventStore::forget`]; if the key may be destroyed by then, the snapshots are removed despite the error.
    pub async fn forget(&self, of: &str, id: Uuid) -> Result<Remains, Error> {
        let mut was_asked = false;
        let forgotten = self.store.try_to_forget(of, id, &mut was_asked).await;
        let snapshots = self.snapshots.as_ref().filter(|_| was_asked).map(|snapshots| &snapshots.kept);
        clear_forgotten(snapshots, id, forgotten).await
    }

    /// Returns the versions of all snapshots of this kind of state, oldest first, including those that loading ignores.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if there is no store for snapshots, and the errors of that store.
    pub async fn snapshot_versions(&self, id: Uuid) -> Result<Vec<Version>, Error> {
        let Snapshots { kept, name, .. } = self.snapshots()?;
        kept.versions_of(id, name).await
    }

    /// Removes the snapshots of this kind of state in a range.
    ///
    /// # Errors
    ///
    /// As [`snapshot_versions`](Self::snapshot_versions).
    pub async fn delete_snapshots(&self, id: Uuid, range: EventRange) -> Result<(), Error> {
        let Snapshots { kept, name, .. } = self.snapshots()?;
        kept.delete_of(id, name, range).await
    }

    fn snapshots(&self) -> Result<&Snapshots<S>, Error> {
        self.snapshots.as_deref().ok_or_else(no_snapshots)
    }

    /// Folds the events into a state.
    async fn fold(&self, id: Uuid, at: At) -> Result<Folded<S>, Error> {
        let (version, until) = bounds(at);
        let (range, sequence) = (EventRange::all().up_to(version), Id::<()>::from_uuid(id));
        let (mut rows, mut folded) = (None, Folded { last: None, state: None, kept: None });
        if let Some(snapshots) = &self.snapshots
            && let Some(found) = (snapshots.latest)(snapshots, &self.store, id, at).await
        {
            rows = snapshots
                .kept
                .rows_after(&self.store, sequence, range, (found.version, found.times.1))
                .await?;
            if rows.is_some() {
                let kept = Some(found.version);
                folded = Folded { last: Some((found.version, found.times)), state: Some(found.state), kept };
            }
        }
        let mut rows = rows.unwrap_or_else(|| Rows::of(self.store.pages(sequence, range)));
        while let Some(page) = rows.next().await? {
            rows.read_ahead().await;
            for row in &page {
                let Some(recorded) = rows.mapper().decode(row)? else { continue };
                let (envelope, event, _) = recorded.into_parts();
                let time = envelope.timestamp();
                if until.is_some_and(|until| time > until) {
                    return Ok(folded);
                }
                folded.state = (self.mutator)(folded.state, event, &envelope);
                let first = folded.last.map_or(time, |(_, (first, _))| first);
                folded.last = Some((envelope.version(), (first, time)));
            }
        }
        Ok(folded)
    }
}

impl<S: Serialize + DeserializeOwned + Send + Sync + 'static, E: EventSet> MutatorRepository<S, E> {
    /// Adds snapshots, so that a fold begins with the latest one.
    ///
    /// `name` is the name of this kind of state. Raise `version` when the state or the function changes, so that
    /// loading ignores older snapshots.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use es_runtime::event::Recorded;
    /// # use es_runtime::mapper::Mapper;
    /// # use es_runtime::recorder::{MemoryRecorder, MemorySnapshots};
    /// # use es_runtime::store::SnapshotStore;
    /// # use es_runtime::standalone::MutatorRepository;
    /// # use es_runtime::store::EventStore;
    /// # use es_runtime::{Wait, event};
    /// # #[event]
    /// # pub struct Counted { pub by: u32 }
    /// # fn count(total: Option<u32>, event: Counted) -> Option<u32> {
    /// #     Some(total.unwrap_or_default() + event.by)
    /// # }
    /// # let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
    /// # let id = uuid::Uuid::now_v7();
    /// # store.put(&[Recorded::now(id, 1, Counted { by: 2 }), Recorded::now(id, 2, Counted { by: 3 })]).wait()?;
    /// let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
    /// let counters = MutatorRepository::new(store, count).with_snapshots(snapshots, "Counter", 1);
    /// assert_eq!(counters.take_snapshot(id).wait()?.get(), 2);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn with_snapshots(mut self, snapshots: SnapshotStore, name: &'static str, version: u64) -> Self {
        let latest: Latest<S> = |Snapshots { kept, name, version, .. }, store, id, at| {
            let (last, until) = bounds(at);
            Box::pin(kept.latest_state(store, (id, name, *version), last, until))
        };
        self.snapshots = Some(Arc::new(Snapshots { kept: snapshots, name, version, latest }));
        self
    }

    /// Stores the current state as a snapshot, and returns its version.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`Config`](ErrorKind::Config) if there is no store for snapshots.
    pub async fn take_snapshot(&self, id: Uuid) -> Result<Version, Error> {
        self.take_snapshot_at(id, Version::MAX).await
    }

    /// Stores the state at a version, or at the last version if that is lower, and returns the version.
    ///
    /// # Errors
    ///
    /// As [`take_snapshot`](Self::take_snapshot).
    pub async fn take_snapshot_at(&self, id: Uuid, version: impl Into<Version>) -> Result<Version, Error> {
        let Snapshots { kept, name, version: fingerprint, .. } = self.snapshots()?;
        let at = At::Version(version.into());
        let Folded { last, state, kept: known } = self.fold(id, at).await?;
        let Some((state, (version, times))) = state.as_ref().zip(last) else {
            return Err(not_found::<S>(id, last.is_some(), at));
        };
        if known != Some(version) {
            let snapshot = Snapshot { id, version, name, fingerprint: *fingerprint, times, state };
            kept.put_state(&self.store, &snapshot).await?;
        }
        Ok(version)
    }
}

#[cold]
fn not_found<S>(id: Uuid, any: bool, at: At) -> Error {
    let name = type_name::<S>();
    let why = if any { "its events leave nothing: it is gone" } else { no_events(at) };
    Error::new(ErrorKind::NotFound, format!("there is no `{name}` {id}: {why}"))
}
