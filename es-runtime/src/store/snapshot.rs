//! Snapshots: states that are kept, so that an aggregate need not be made from its first event on.
//!
//! A snapshot is a copy that can be made again at any time. One that cannot be read, is beyond the stored events, or was taken before the struct, the
//! `#[mutator]` block or a version in them changed, is passed over, and replaced when one of its version is taken again; one
//! that cannot be stored does not fail what was saved.
//!
//! Code outside of these that event methods call is not seen. When such code comes to change the state in another way,
//! raise `#[aggregate(snapshot_version = 2)]`: old snapshots are then passed over, too.

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

/// Keeps snapshots, in a recorder of their own.
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
    failed: Arc<Told>,
}

type Told = dyn Fn(&Error) + Send + Sync;

impl fmt::Debug for SnapshotStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotStore").finish_non_exhaustive()
    }
}

impl SnapshotStore {
    /// Keeps them in this recorder. They are mapped as the events are.
    pub fn new(recorder: Arc<dyn DynSnapshotRecorder>) -> Self {
        Self { recorder, failed: Arc::new(|_| {}) }
    }

    /// Calls `told` with the error of a snapshot that cannot be read, or not be taken after a save: nothing fails by that, but loading
    /// is slower.
    #[must_use]
    pub fn on_snapshot_error(mut self, told: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.failed = Arc::new(told);
        self
    }

    /// The versions of which there are snapshots, oldest first; also of such as are passed over.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn versions<A: Aggregate>(&self, id: Id<A>) -> Result<Vec<Version>, Error> {
        self.versions_of(id.uuid(), A::NAME).await
    }

    /// Removes the snapshots of an aggregate that a range means: old ones that nobody travels back to.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn delete<A: Aggregate>(&self, id: Id<A>, range: EventRange) -> Result<(), Error> {
        self.delete_of(id.uuid(), A::NAME, range).await
    }

    /// The versions of states that are called so.
    pub(crate) async fn versions_of(&self, id: Uuid, name: &str) -> Result<Vec<Version>, Error> {
        self.recorder.versions(id, name, EventRange::all()).await
    }

    /// Removes states that are called so.
    pub(crate) async fn delete_of(&self, id: Uuid, name: &str, range: EventRange) -> Result<(), Error> {
        self.recorder.delete(id, name, range).await
    }

    /// Removes all snapshots of an id, of aggregates and of whatever else.
    pub(crate) async fn clear(&self, id: Uuid) -> Result<(), Error> {
        self.recorder.clear(id).await
    }

    /// The rows after a snapshot, if the event is there that it was taken after. Else it is told: the events are older than
    /// the snapshot, most likely from a backup, and what was saved after it would leave a gap.
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

    /// Keeps the state that the root has.
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

    /// The last snapshot up to a version and a time that this code took; where the replay goes on from.
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

    /// The last state up to a version and a time, of what is called so and was taken by that code.
    pub(crate) async fn latest_state<S: DeserializeOwned>(
        &self,
        store: &EventStore,
        kind: (Uuid, &'static str, u64),
        version: Version,
        until: Option<Timestamp>,
    ) -> Option<Mapped<S>> {
        let found = match until {
            None => self.last(store, kind, EventRange::all().lte(version)).await,
            Some(until) => self.last_until(store, kind, version, until).await,
        };
        // Without the store of snapshots, or a row that can be read, there are still the events.
        found.unwrap_or_else(|error| {
            // What is forgotten is for the events to say.
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
            // If the last was taken by other code, so were all earlier ones, most likely.
            Found::Other | Found::TooLate => None,
        })
    }

    /// Only rows tell times: they are halved, since time does not run backwards from version to version.
    async fn last_until<S: DeserializeOwned>(
        &self,
        store: &EventStore,
        (id, name, fingerprint): (Uuid, &'static str, u64),
        version: Version,
        until: Timestamp,
    ) -> Result<Option<Mapped<S>>, Error> {
        let versions = self.recorder.versions(id, name, EventRange::all().lte(version)).await?;
        if versions.is_empty() {
            return Ok(None);
        }
        let keyed = store.mapper_with_key(id).await?;
        let mapper = keyed.as_ref().unwrap_or(store.mapper());
        let (mut last, mut left) = (None, &versions[..]);
        while let (older, [middle, newer @ ..]) = left.split_at(left.len() / 2) {
            let only = EventRange::all().gte(*middle).lte(*middle);
            let row = self.recorder.select(id, name, only).await?.pop();
            let found = row.map(|row| mapper.decode_snapshot(&row, name, fingerprint, Some(until)));
            left = match found.transpose() {
                Ok(Some(Found::State(snapshot))) => {
                    last = Some(snapshot);
                    newer
                }
                Ok(Some(Found::TooLate)) => older,
                // By other code, or removed meanwhile: so were those before it, most likely.
                Ok(Some(Found::Other) | None) => newer,
                // It does not say when it was taken: an older one may do, and costs only a longer replay.
                Err(error) => {
                    self.report(&error);
                    older
                }
            };
        }
        Ok(last)
    }
}

/// A state that was kept: of which aggregate, at which version.
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
    /// The id of the aggregate.
    pub const fn id(&self) -> Id<A> {
        self.id
    }

    /// The version that the aggregate had.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// When the first event was recorded.
    pub const fn created_at(&self) -> Timestamp {
        self.times.0
    }

    /// When the event was recorded that made this version.
    pub const fn modified_at(&self) -> Timestamp {
        self.times.1
    }

    /// The state.
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

/// The rows of a sequence, a page at a time, of which the first may have been read.
pub(crate) struct Rows<'a, A> {
    first: Option<Vec<StoredEvent>>,
    pages: Pages<'a, A>,
}

impl<'a, A> Rows<'a, A> {
    /// All of these.
    pub(crate) const fn of(pages: Pages<'a, A>) -> Self {
        Self { first: None, pages: pages.growing() }
    }

    /// Those of a range that come after the event of a version and a time; nothing if there is no such event. After a restore,
    /// others may have come to these versions.
    pub(crate) async fn after(
        store: &'a EventStore,
        id: Id<A>,
        range: EventRange,
        (version, time): (Version, Timestamp),
    ) -> Result<Option<Self>, Error> {
        // With the rows, so that there is one read.
        let mut pages = store.pages(id, range.gte(version));
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

    /// What maps the rows of the last page.
    #[inline]
    pub(crate) fn mapper(&self) -> &Mapper {
        self.pages.mapper()
    }

    /// The next rows.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<StoredEvent>>, Error> {
        match self.first.take() {
            Some(page) => Ok(Some(page)),
            None => self.pages.next().await,
        }
    }

    /// Asks the store for the rows after these.
    pub(crate) async fn read_ahead(&mut self) {
        self.pages.read_ahead().await;
    }
}

#[cold]
fn beyond(id: Uuid, version: Version) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!(
            "the snapshot of version {version} of {id} is beyond the stored events; it is passed over, remove it or restore \
             the events"
        ),
    )
}
