//! The repository: aggregates made from their stored events.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use uuid::Uuid;

use crate::aggregate::{Aggregate, Replay, Root, Seal, not_found};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind};
use crate::id::{Id, Version};
use crate::mapper::{Mapped, check_topic};
use crate::observe;
use crate::recorder::{EventRange, Remains};
use crate::store::{Cache, EventStore, Rows, Snapshot, SnapshotStore, Snapshotting, key};

/// A repository, which loads aggregates.
#[derive(Clone, Debug)]
pub struct Repository {
    store: EventStore,
    snapshots: Option<SnapshotStore>,
    cache: Option<Arc<Cache>>,
    snapshotting: Snapshotting,
}

impl Repository {
    /// Makes a repository that loads from this store.
    pub fn new(store: EventStore) -> Self {
        Self { store, snapshots: None, cache: None, snapshotting: Snapshotting::default() }
    }

    /// Adds snapshots, so that a replay begins with the latest one.
    #[must_use]
    pub fn with_snapshots(mut self, snapshots: SnapshotStore) -> Self {
        self.snapshots = Some(snapshots);
        self
    }

    /// Adds a cache for loaded aggregates; repositories of one store may share it.
    #[must_use]
    pub fn with_cache(mut self, cache: impl Into<Arc<Cache>>) -> Self {
        self.cache = Some(cache.into());
        self
    }

    /// Sets the rule by which saves take snapshots.
    pub(crate) fn with_snapshotting(mut self, snapshotting: Snapshotting) -> Self {
        self.snapshotting = snapshotting;
        self
    }

    pub(crate) const fn snapshotting(&self) -> &Snapshotting {
        &self.snapshotting
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.cache.as_deref()
    }

    /// Returns the snapshot store, if there is one.
    pub const fn snapshots(&self) -> Option<&SnapshotStore> {
        self.snapshots.as_ref()
    }

    /// Returns the event store.
    pub const fn store(&self) -> &EventStore {
        &self.store
    }

    /// Loads the aggregate as it is now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if the aggregate was never created or is discarded,
    /// [`WrongAggregate`](crate::ErrorKind::WrongAggregate) if the id belongs to another type, and the errors of mapper
    /// and store.
    pub async fn get<A: Aggregate>(&self, id: Id<A>) -> Result<A, Error> {
        let Some(cache) = &self.cache else {
            return self.load(id, At::Version(Version::MAX)).await.map(whole);
        };
        let (mut moment, kept) = (cache.moment(&key(id)), cache.get(id));
        let mut later = None;
        if let Some(kept) = &kept
            && cache.asks_for_later_events()
        {
            if !self.store.is_forgotten(id.uuid()).await? {
                later = Rows::after(&self.store, id, EventRange::all(), kept.end()).await?;
            }
            if later.is_none() {
                // The aggregate is forgotten, or the cached state comes from events that a restored backup lacks.
                cache.remove(&key(id));
                moment = cache.moment(&key(id));
            }
        }
        let now = At::Version(Version::MAX);
        let (known, newest) = match (kept, later) {
            (Some(kept), _) if !cache.asks_for_later_events() => return kept.finish().map(whole),
            (Some(kept), Some(later)) => {
                (Some(kept.version()), self.replay(id, later, now, Some(kept)).await)
            }
            _ => (None, self.load(id, now).await),
        };
        match newest {
            Ok(root) => {
                let root = root.into_shared();
                if known != Some(root.version()) {
                    cache.put(&root, moment);
                }
                Ok(whole(root))
            }
            Err(error) => {
                cache.remove(&key(id));
                Err(error)
            }
        }
    }

    /// Loads the aggregate as it is now; returns `None` if it was never created, is discarded or forgotten.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), except `NotFound` and `Forgotten`.
    pub async fn find<A: Aggregate>(&self, id: Id<A>) -> Result<Option<A>, Error> {
        match self.get(id).await {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forgotten) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Loads the aggregate as of a version or a time, or as of its last version, if that is lower.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`NotFound`](crate::ErrorKind::NotFound) also if the aggregate did not exist then.
    pub async fn get_at<A: Aggregate>(&self, id: Id<A>, at: impl Into<At>) -> Result<Past<A>, Error> {
        self.load(id, at.into()).await.map(|root| Past(whole(root)))
    }

    /// Returns whether the aggregate exists now.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), except `NotFound`.
    pub async fn contains<A: Aggregate>(&self, id: Id<A>) -> Result<bool, Error> {
        let last = EventRange::all().descending().limit(1);
        let mut pages = self.store.pages(id, last);
        let rows = match pages.next().await {
            Err(error) if error.kind() == ErrorKind::Forgotten => return Ok(false),
            rows => rows?,
        };
        let Some(row) = rows.as_ref().and_then(|rows| rows.first()) else { return Ok(false) };
        Ok(match pages.mapper().decode_mapped::<A::Event>(row)? {
            Mapped::Event(last) => !crate::aggregate::is_discarded::<A>(last.event()),
            Mapped::Retired(_) => true,
        })
    }

    /// Reads the snapshot of exactly this version.
    ///
    /// Returns `None` if there is none, or if the code that took it has changed since.
    ///
    /// # Errors
    ///
    /// Errors of mapper and store; [`Config`](ErrorKind::Config) if there is no store for snapshots.
    pub async fn snapshot_at<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Option<Snapshot<A>>, Error> {
        let version = version.into();
        self.read_snapshot(id, EventRange::all().from(version).up_to(version)).await
    }

    /// Reads the last snapshot of this version or a lower one; for [`Version::MAX`], the last of all.
    ///
    /// Returns `None` if there is none, or if the code that took it has changed since.
    ///
    /// # Errors
    ///
    /// As [`snapshot_at`](Self::snapshot_at).
    pub async fn most_recent_snapshot<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Option<Snapshot<A>>, Error> {
        self.read_snapshot(id, EventRange::all().up_to(version.into())).await
    }

    async fn read_snapshot<A: Aggregate>(
        &self,
        id: Id<A>,
        range: EventRange,
    ) -> Result<Option<Snapshot<A>>, Error> {
        let snapshots = self.snapshots.as_ref().ok_or_else(no_snapshots)?;
        snapshots.read(&self.store, id, range).await
    }

    /// Stores the current state of an aggregate as a snapshot, and returns its version. A state that has a snapshot
    /// already is not stored again.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); [`Config`](ErrorKind::Config) if there is no store for snapshots.
    pub async fn take_snapshot<A: Aggregate>(&self, id: Id<A>) -> Result<Version, Error> {
        self.take_snapshot_at(id, Version::MAX).await
    }

    /// Stores the state of an aggregate at a version, or at its last version if that is lower, and returns the version.
    ///
    /// # Errors
    ///
    /// As [`take_snapshot`](Self::take_snapshot).
    pub async fn take_snapshot_at<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Version, Error> {
        let at = version.into();
        let snapshots = self.snapshots.as_ref().ok_or_else(no_snapshots)?;
        let (root, known) = self.load_from(id, At::Version(at)).await?;
        if known != Some(root.version()) {
            snapshots.put(&self.store, &root).await?;
        }
        Ok(root.version())
    }

    /// Stores the states of an aggregate, which was just saved, at these versions, lowest first.
    pub(crate) async fn take_snapshots<A: Aggregate>(
        &self,
        saved: &Root<A>,
        versions: impl Iterator<Item = Version>,
    ) -> Result<(), Error> {
        let snapshots = self.snapshots.as_ref().ok_or_else(no_snapshots)?;
        let mut earlier = None;
        for version in versions {
            // The state is at hand, so nothing has to be read.
            if version == saved.version() {
                return snapshots.put(&self.store, saved).await;
            }
            let root = match earlier {
                Some(root) => self.go_on(saved.id(), Replay::after(root), version).await?,
                None => self.load(saved.id(), At::Version(version)).await?,
            };
            snapshots.put(&self.store, &root).await?;
            earlier = Some(root);
        }
        Ok(())
    }

    /// Destroys the data key of an aggregate, and its snapshots; see
    /// [`Application::forget`](crate::Application::forget).
    ///
    /// # Errors
    ///
    /// [`WrongAggregate`](ErrorKind::WrongAggregate) or [`UnknownTopic`](ErrorKind::UnknownTopic) if the first event
    /// does not belong to this aggregate, and as [`EventStore::forget`]. If the key may be destroyed by then, the
    /// snapshots and the cached state are removed despite the error.
    pub async fn forget<A: Aggregate>(&self, id: Id<A>) -> Result<Remains, Error> {
        self.check_first::<A>(id).await?;
        let mut was_asked = false;
        let forgotten = self.store.try_to_forget(A::NAME, id.uuid(), &mut was_asked).await;
        // The cached state goes after the key, so that no readable state comes back.
        if let Some(cache) = &self.cache {
            cache.remove(&key(id));
        }
        clear_forgotten(self.snapshots.as_ref().filter(|_| was_asked), id.uuid(), forgotten).await
    }

    /// Refuses an id whose first event belongs to another aggregate; if the data key is lost or destroyed, only the
    /// topic decides.
    async fn check_first<A: Aggregate>(&self, id: Id<A>) -> Result<(), Error> {
        let rows = self.store.rows(id.uuid(), Version::INITIAL, 1).await?;
        let Some(first) = rows.first() else { return Ok(()) };
        check_topic::<A>(first)?;
        let Ok(mapper) = self.store.mapper_for(id.uuid()).await else { return Ok(()) };
        match mapper.decode_mapped::<A::Event>(first) {
            Err(error) if error.kind() == ErrorKind::WrongAggregate => Err(error),
            // Data that cannot be read can still be forgotten.
            _ => Ok(()),
        }
    }

    async fn load<A: Aggregate>(&self, id: Id<A>, at: At) -> Result<Root<A>, Error> {
        self.load_from(id, at).await.map(|(root, _)| root)
    }

    /// Loads the root; also returns the version of the snapshot that the replay began with.
    async fn load_from<A: Aggregate>(&self, id: Id<A>, at: At) -> Result<(Root<A>, Option<Version>), Error> {
        let (version, until) = bounds(at);
        let range = EventRange::all().up_to(version);
        if let Some(snapshots) = &self.snapshots
            && let Some(kept) = snapshots.latest(&self.store, id, version, until).await
            && let Some(rows) = snapshots.rows_after(&self.store, id, range, kept.end()).await?
        {
            let known = Some(kept.version());
            return Ok((self.replay(id, rows, at, Some(kept)).await?, known));
        }
        Ok((self.replay(id, Rows::of(self.store.pages(id, range)), at, None).await?, None))
    }

    /// Replays the events after a state, up to a version.
    async fn go_on<A: Aggregate>(
        &self,
        id: Id<A>,
        known: Replay<A>,
        last: Version,
    ) -> Result<Root<A>, Error> {
        let later = EventRange::all().after(known.version()).up_to(last);
        self.replay(id, Rows::of(self.store.pages(id, later)), At::Version(last), Some(known)).await
    }

    /// Replays rows, on top of the state that was replayed before.
    async fn replay<A: Aggregate>(
        &self,
        id: Id<A>,
        mut rows: Rows<'_, A>,
        at: At,
        mut replay: Option<Replay<A>>,
    ) -> Result<Root<A>, Error> {
        let ((_, until), mut replayed) = (bounds(at), 0);
        'pages: while let Some(page) = rows.next().await? {
            rows.read_ahead().await;
            for row in &page {
                let mapped = rows.mapper().decode_mapped::<A::Event>(row)?;
                let timestamp = match &mapped {
                    Mapped::Event(event) => event.envelope().timestamp(),
                    Mapped::Retired(envelope) => envelope.timestamp(),
                };
                // Time never runs backwards within an aggregate.
                if until.is_some_and(|until| timestamp > until) {
                    break 'pages;
                }
                replayed += 1;
                match (&mut replay, mapped) {
                    (Some(replay), Mapped::Event(event)) => replay.push(event)?,
                    (Some(replay), Mapped::Retired(envelope)) => replay.skip(&envelope)?,
                    (None, Mapped::Event(event)) => replay = Some(Replay::begin(id, event)?),
                    (None, Mapped::Retired(envelope)) => {
                        return Err(crate::aggregate::misplaced::<A>(
                            envelope.id(),
                            envelope.version(),
                            "creates it, but is retired",
                        ));
                    }
                }
            }
        }
        observe::replayed(A::NAME, replayed);
        let replay = replay.ok_or_else(|| not_found::<A>(id, no_events(at)))?;
        replay.finish()
    }
}

/// Removes the snapshots of an aggregate after an attempt to forget it, even if the attempt failed or is unfinished;
/// reports the first error.
pub(crate) async fn clear_forgotten(
    snapshots: Option<&SnapshotStore>,
    id: Uuid,
    forgotten: Result<Remains, Error>,
) -> Result<Remains, Error> {
    let Some(snapshots) = snapshots else { return forgotten };
    let cleared = snapshots.clear(id).await;
    forgotten.and_then(|remains| cleared.map(|()| remains))
}

#[cold]
pub(crate) fn no_snapshots() -> Error {
    Error::new(
        ErrorKind::Config,
        "there is no store for snapshots; open the application with `snapshots()`, or give the repository one",
    )
}

/// Returns the last version of the range, and the last time.
pub(crate) fn bounds(at: At) -> (Version, Option<Timestamp>) {
    match at {
        At::Version(version) => (version, None),
        At::Time(time) => (Version::MAX, Some(time)),
    }
}

/// Returns the reason why a replay found no event.
pub(crate) fn no_events(at: At) -> &'static str {
    if at == At::Version(Version::MAX) { "it has no events" } else { "it has no events, or none until then" }
}

fn whole<A: Aggregate>(root: Root<A>) -> A {
    A::from_root(root, Seal::new())
}

/// A moment in the life of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// The moment after the event that made this version, or after the last event, if there are fewer.
    Version(Version),
    /// The moment after the last event recorded at this time or before.
    Time(Timestamp),
}

impl From<Version> for At {
    fn from(version: Version) -> Self {
        Self::Version(version)
    }
}

impl From<u32> for At {
    fn from(version: u32) -> Self {
        Self::Version(version.into())
    }
}

impl From<Timestamp> for At {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

/// A past state of an aggregate, to read but not to change.
pub struct Past<A>(A);

impl<A> Deref for Past<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A: fmt::Debug> fmt::Debug for Past<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Past").field(&self.0).finish()
    }
}
