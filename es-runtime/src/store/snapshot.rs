//! Snapshots: stored states, so that a replay need not begin with the first event.
//!
//! A snapshot is a copy that can be made again at any time. Loading ignores a snapshot that cannot be read or is beyond
//! the stored events. It also ignores a snapshot older than a change of the struct, of the `#[mutator]` block, or of a
//! version in them. A new snapshot of the same version replaces an ignored one. A snapshot that cannot be stored does
//! not fail the save.
//!
//! The fingerprint does not cover other code that event methods call. If such code changes its effect on the state,
//! raise `#[aggregate(snapshot_version = 2)]`: loading then ignores old snapshots, too.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::aggregate::{Aggregate, Held, Replay, Root, fingerprint};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::id::{Id, Version};
use crate::mapper::{Found, Mapper, Snapshot as Mapped};
use crate::observe;
use crate::recorder::{DynSnapshotRecorder, EventRange, SnapshotRecorder};
use crate::store::{EventStore, Pages};
use crate::stored_event::StoredEvent;

/// A store of snapshots, in a recorder of their own.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::{MemoryRecorder, MemorySnapshots};
/// use es_runtime::store::{EventStore, Repository, SnapshotStore};
///
/// let snapshots = SnapshotStore::new(Arc::new(MemorySnapshots::new()));
/// let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
/// let repository = Repository::new(store).with_snapshots(snapshots);
/// # let _ = repository;
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct SnapshotStore {
    recorder: Arc<dyn DynSnapshotRecorder>,
    failed: Arc<OnError>,
}

type OnError = dyn Fn(&Error) + Send + Sync;

impl fmt::Debug for SnapshotStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotStore").finish_non_exhaustive()
    }
}

impl SnapshotStore {
    /// Makes a snapshot store on this recorder; the mapper of the events also maps the snapshots.
    pub fn new(recorder: Arc<dyn DynSnapshotRecorder>) -> Self {
        Self { recorder, failed: Arc::new(|_| {}) }
    }

    /// Calls `report` with the error of a snapshot that cannot be read, or cannot be taken after a save. Neither load nor
    /// save fails, but loading is slower.
    #[must_use]
    pub fn on_snapshot_error(mut self, report: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.failed = Arc::new(report);
        self
    }

    /// Returns the versions of all snapshots, oldest first, including those that loading ignores.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub async fn versions<A: Aggregate>(&self, id: Id<A>) -> Result<Vec<Version>, Error> {
        self.versions_of(id.uuid(), A::NAME).await
    }

    /// Removes the snapshots of an aggregate in a range: old ones that nobody loads any more.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub async fn delete<A: Aggregate>(&self, id: Id<A>, range: EventRange) -> Result<(), Error> {
        self.delete_of(id.uuid(), A::NAME, range).await
    }

    /// Returns the versions of the states with this name.
    pub(crate) async fn versions_of(&self, id: Uuid, name: &str) -> Result<Vec<Version>, Error> {
        self.recorder.versions(id, name, EventRange::all()).await
    }

    /// Removes the states with this name.
    pub(crate) async fn delete_of(&self, id: Uuid, name: &str, range: EventRange) -> Result<(), Error> {
        self.recorder.delete(id, name, range).await
    }

    /// Removes all snapshots of an id, of aggregates and of other states.
    pub(crate) async fn clear(&self, id: Uuid) -> Result<(), Error> {
        self.recorder.clear(id).await
    }

    /// Returns the rows after a snapshot, if its last event is stored. Otherwise reports an error to the hook. The
    /// events are then older than the snapshot, most likely from a backup, and a save after the snapshot would leave a
    /// gap.
    pub(crate) async fn rows_after<'a, A>(
        &self,
        store: &'a EventStore,
        id: Id<A>,
        range: EventRange,
        taken: (Version, Timestamp),
    ) -> Result<Option<Rows<'a, A>>, Error> {
        let rows = Rows::after(store, id, range, taken).await?;
        if rows.is_none() {
            self.report(&beyond(id.uuid(), taken.0));
        }
        Ok(rows)
    }

    pub(crate) fn report(&self, error: &Error) {
        observe::failed_snapshot(error);
        (self.failed)(error);
    }

    /// Stores the state of the root.
    pub(crate) async fn put<A: Aggregate>(&self, store: &EventStore, root: &Root<A>) -> Result<(), Error> {
        self.put_state(
            store,
            &Mapped {
                id: root.id().uuid(),
                version: root.version(),
                name: A::NAME,
                fingerprint: fingerprint::<A>(),
                times: (root.created_at(), root.modified_at()),
                state: &**root,
            },
        )
        .await
    }

    pub(crate) async fn put_state<S: Serialize + Sync>(
        &self,
        store: &EventStore,
        snapshot: &Mapped<&S>,
    ) -> Result<(), Error> {
        let keyed = store.mapper_with_key(snapshot.id).await?;
        let row = keyed.as_ref().unwrap_or(store.mapper()).encode_snapshot(snapshot)?;
        self.recorder.put(row).await
    }

    /// Reads the last snapshot of a range of versions, if this code took it.
    pub(crate) async fn read<A: Aggregate>(
        &self,
        store: &EventStore,
        id: Id<A>,
        range: EventRange,
    ) -> Result<Option<Snapshot<A>>, Error> {
        let found = self.last(store, (id.uuid(), A::NAME, fingerprint::<A>()), range).await?;
        Ok(found.map(|Mapped { version, times, state, .. }| Snapshot { id, version, times, state }))
    }

    /// Reads the last snapshot up to a version and a time that this code took; the replay goes on from it.
    pub(crate) async fn latest<A: Aggregate>(
        &self,
        store: &EventStore,
        id: Id<A>,
        version: Version,
        until: Option<Timestamp>,
    ) -> Option<Replay<A>> {
        let Mapped { version, times, state, .. } =
            self.latest_state(store, (id.uuid(), A::NAME, fingerprint::<A>()), version, until).await?;
        Some(Replay::resume(id, version, times, Held::Own(state)))
    }

    /// Reads the last state with this name up to a version and a time, if that code took it.
    pub(crate) async fn latest_state<S: DeserializeOwned>(
        &self,
        store: &EventStore,
        kind: (Uuid, &'static str, u64),
        version: Version,
        until: Option<Timestamp>,
    ) -> Option<Mapped<S>> {
        let found = match until {
            None => self.last(store, kind, EventRange::all().up_to(version)).await,
            Some(until) => self.last_until(store, kind, version, until).await,
        };
        // Without a snapshot store, or without a readable row, the events are still there.
        found.unwrap_or_else(|error| {
            // The events themselves report that the aggregate is forgotten.
            if error.kind() != ErrorKind::Forgotten {
                self.report(&error);
            }
            None
        })
    }

    async fn last<S: DeserializeOwned>(
        &self,
        store: &EventStore,
        (id, name, fingerprint): (Uuid, &'static str, u64),
        range: EventRange,
    ) -> Result<Option<Mapped<S>>, Error> {
        let last = range.descending().limit(1);
        let Some(row) = self.recorder.select(id, name, last).await?.pop() else { return Ok(None) };
        let keyed = store.mapper_with_key(id).await?;
        Ok(match keyed.as_ref().unwrap_or(store.mapper()).decode_snapshot(&row, name, fingerprint, None)? {
            Found::State(snapshot) => Some(snapshot),
            // If other code took the last snapshot, it most likely took all earlier ones, too.
            Found::Other | Found::TooLate => None,
        })
    }

    /// Searches by halves, since only rows hold times, and time does not run backwards from version to version.
    async fn last_until<S: DeserializeOwned>(
        &self,
        store: &EventStore,
        (id, name, fingerprint): (Uuid, &'static str, u64),
        version: Version,
        until: Timestamp,
    ) -> Result<Option<Mapped<S>>, Error> {
        let versions = self.recorder.versions(id, name, EventRange::all().up_to(version)).await?;
        if versions.is_empty() {
            return Ok(None);
        }
        let keyed = store.mapper_with_key(id).await?;
        let mapper = keyed.as_ref().unwrap_or(store.mapper());
        let (mut last, mut left) = (None, &versions[..]);
        while let (older, [middle, newer @ ..]) = left.split_at(left.len() / 2) {
            let only = EventRange::all().from(*middle).up_to(*middle);
            let row = self.recorder.select(id, name, only).await?.pop();
            let found = row.map(|row| mapper.decode_snapshot(&row, name, fingerprint, Some(until)));
            left = match found.transpose() {
                Ok(Some(Found::State(snapshot))) => {
                    last = Some(snapshot);
                    newer
                }
                Ok(Some(Found::TooLate)) => older,
                // Other code took this snapshot, or it was removed meanwhile: most likely this holds for the earlier
                // ones, too.
                Ok(Some(Found::Other) | None) => newer,
                // The time of this snapshot is unknown: an older one may do, and only makes the replay longer.
                Err(error) => {
                    self.report(&error);
                    older
                }
            };
        }
        Ok(last)
    }
}

/// A stored state, with its aggregate and its version.
///
/// It dereferences to the state.
///
/// ```standalone_crate
/// # use es_runtime::{Application, Version, Wait, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
/// let app = Application::builder("memory:").snapshot_every::<Account>(2).open().wait()?;
/// let mut account = Account::open();
/// account.deposit(10);
/// account.deposit(20);
/// app.save(&mut account).wait()?;
///
/// let snapshot = app.most_recent_snapshot(account.id(), Version::MAX).wait()?;
/// assert_eq!(snapshot.map(|snapshot| (snapshot.version().get(), snapshot.balance)), Some((2, 10)));
/// assert!(app.snapshot_at(account.id(), 3).wait()?.is_none());
/// # Ok::<(), es_runtime::Error>(())
/// ```
pub struct Snapshot<A: Aggregate> {
    id: Id<A>,
    version: Version,
    times: (Timestamp, Timestamp),
    state: A::State,
}

impl<A: Aggregate> Snapshot<A> {
    /// Returns the id of the aggregate.
    pub const fn id(&self) -> Id<A> {
        self.id
    }

    /// Returns the version of the aggregate.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the time at which the first event was recorded.
    pub const fn created_at(&self) -> Timestamp {
        self.times.0
    }

    /// Returns the time at which the event of this version was recorded.
    pub const fn modified_at(&self) -> Timestamp {
        self.times.1
    }

    /// Returns the state.
    pub const fn state(&self) -> &A::State {
        &self.state
    }
}

impl<A: Aggregate> Deref for Snapshot<A> {
    type Target = A::State;

    fn deref(&self) -> &A::State {
        &self.state
    }
}

impl<A: Aggregate> fmt::Debug for Snapshot<A>
where
    A::State: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("state", &self.state)
            .finish()
    }
}

/// The rows of a sequence, a page at a time; the first page may be read already.
pub(crate) struct Rows<'a, A> {
    first: Option<Vec<StoredEvent>>,
    pages: Pages<'a, A>,
}

impl<'a, A> Rows<'a, A> {
    /// Returns all rows of these pages.
    pub(crate) const fn of(pages: Pages<'a, A>) -> Self {
        Self { first: None, pages: pages.growing() }
    }

    /// Returns the rows of a range after the event of a version and a time, or nothing if there is no such event. After
    /// a restore, other events may stand at these versions.
    pub(crate) async fn after(
        store: &'a EventStore,
        id: Id<A>,
        range: EventRange,
        (version, time): (Version, Timestamp),
    ) -> Result<Option<Self>, Error> {
        // The search reads that event and the rows after it in one query.
        let mut pages = store.pages(id, range.from(version));
        let mut page = pages.next().await?.unwrap_or_default();
        let is_of = |row: &StoredEvent| {
            row.version == version && pages.mapper().time_of(row).is_ok_and(|of| of == time)
        };
        if !page.first().is_some_and(is_of) {
            return Ok(None);
        }
        page.remove(0);
        Ok(Some(Self { first: Some(page), pages }))
    }

    /// Returns the mapper of the last page.
    #[inline]
    pub(crate) fn mapper(&self) -> &Mapper {
        self.pages.mapper()
    }

    /// Reads the next rows.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<StoredEvent>>, Error> {
        match self.first.take() {
            Some(page) => Ok(Some(page)),
            None => self.pages.next().await,
        }
    }

    /// Requests the rows after these from the store, without waiting.
    pub(crate) async fn read_ahead(&mut self) {
        self.pages.read_ahead().await;
    }
}

#[cold]
fn beyond(id: Uuid, version: Version) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!(
            "the snapshot of version {version} of {id} is beyond the stored events, and loading \
             ignores it; remove it, or restore the events"
        ),
    )
}
