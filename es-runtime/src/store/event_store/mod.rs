//! The event store: mapper and recorder together; events go in and events come out.

mod keys;
mod pages;

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

pub use self::keys::Mappers;
pub use self::pages::EventStream;
pub(crate) use self::pages::Pages;
use crate::aggregate::Aggregate;
use crate::error::{Conflict, Error, ErrorKind};
use crate::event::{EventSet, Recorded};
use crate::id::{CommitId, Id, Version};
use crate::mapper::Mapper;
use crate::recorder::{AggregateRecorder, Commit, DynAggregateRecorder, EventRange, Receipt};
use crate::stored_event::StoredEvent;

/// The number of attempts at a commit whose outcome is unknown.
const ATTEMPTS: usize = 3;

/// A store of events of any aggregate.
///
/// ```
/// use std::sync::Arc;
///
/// use es_runtime::mapper::Mapper;
/// use es_runtime::recorder::{EventRange, MemoryRecorder};
/// use es_runtime::store::EventStore;
/// use es_runtime::{Version, Wait, aggregate, mutator};
/// # #[aggregate]
/// # pub struct Account { pub balance: i64 }
/// # #[mutator]
/// # impl Account {
/// #     #[event(Opened)]
/// #     pub fn open() -> Self { Self { balance: 0 } }
/// #     #[event(Deposited)]
/// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
/// # }
///
/// let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
/// let mut account = Account::open();
/// account.deposit(10);
/// store.put(account.pending()).wait()?;
///
/// let later = store.get(account.id(), EventRange::all().after(Version::INITIAL)).wait()?;
/// assert_eq!(later.len(), 1);
/// assert_eq!(store.last(account.id()).wait()?.map(|last| last.envelope().version().get()), Some(2));
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct EventStore {
    mapper: Arc<Mapper>,
    recorder: Arc<dyn DynAggregateRecorder>,
}

impl fmt::Debug for EventStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStore").field("mapper", &self.mapper).finish_non_exhaustive()
    }
}

impl EventStore {
    /// Joins a mapper and a recorder.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if the mapper has data keys, and the recorder cannot keep them.
    pub fn new(
        mapper: impl Into<Arc<Mapper>>,
        recorder: Arc<dyn DynAggregateRecorder>,
    ) -> Result<Self, Error> {
        let mapper = mapper.into();
        if mapper.has_data_keys() && recorder.as_keys().is_none() {
            return Err(keys::no_keys());
        }
        Ok(Self { mapper, recorder })
    }

    /// Returns the mapper.
    pub fn mapper(&self) -> &Mapper {
        &self.mapper
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn shared_mapper(&self) -> Arc<Mapper> {
        Arc::clone(&self.mapper)
    }

    /// Stores events of a set, such as those of an aggregate: all or none, each at its id and version.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) if a version is stored already, and the errors of mapper and store.
    pub async fn put<E: EventSet>(&self, events: &[Recorded<E>]) -> Result<Receipt, Error> {
        self.put_all(events.iter()).await
    }

    pub(crate) async fn put_all<'a, E: EventSet>(
        &self,
        events: impl Iterator<Item = &'a Recorded<E>> + Clone,
    ) -> Result<Receipt, Error> {
        let mut asked = 1;
        loop {
            let writing = self.writing(events.clone().map(|event| event.envelope().id())).await?;
            let row = |event: &Recorded<E>| writing.mapper(event.envelope().id()).encode(event);
            let rows = events.clone().map(row).collect::<Result<_, _>>()?;
            match self.append_surely(writing.commit(Commit::new(rows))).await {
                // Another caller stored the first key of the sequence: nothing of this commit is stored, and the next
                // attempt uses that key.
                Err(error) if is_about_key(&error) && asked < ATTEMPTS => asked += 1,
                appended => return appended,
            }
        }
    }

    /// Reads events of a set from one sequence, whatever their versions; leaves out those that an aggregate retired.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use es_runtime::{Wait, event, event::Recorded, mapper::Mapper, recorder::{EventRange, MemoryRecorder}};
    /// # use es_runtime::store::EventStore;
    /// #[event]
    /// pub struct Measured {
    ///     pub celsius: i32,
    /// }
    ///
    /// let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
    /// let sensor = uuid::Uuid::now_v7();
    /// store.put(&[Recorded::now(sensor, 1, Measured { celsius: 21 })]).wait()?;
    ///
    /// let events = store.get_events::<Measured>(sensor, EventRange::all()).wait()?;
    /// assert_eq!(events[0].event().celsius, 21);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_events<E: EventSet>(
        &self,
        id: Uuid,
        range: EventRange,
    ) -> Result<Vec<Recorded<E>>, Error> {
        let mut events = Vec::new();
        let mut pages = self.pages(Id::<()>::from_uuid(id), range);
        while let Some(page) = pages.next().await? {
            for row in &page {
                events.extend(pages.mapper().decode(row)?);
            }
        }
        Ok(events)
    }

    /// Appends, and repeats the call a few times while the outcome is unknown: the recorder never stores a commit
    /// twice.
    pub(crate) async fn append_surely(&self, commit: Commit) -> Result<Receipt, Error> {
        for _ in 1..ATTEMPTS {
            match self.append(commit.clone()).await {
                Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {}
                appended => return appended,
            }
        }
        self.append(commit).await
    }

    pub(crate) async fn append(&self, commit: Commit) -> Result<Receipt, Error> {
        self.recorder.append(commit).await
    }

    /// Reads events of one aggregate; leaves out events of retired types.
    ///
    /// # Errors
    ///
    /// The errors of mapper and store.
    pub async fn get<A: Aggregate>(
        &self,
        id: Id<A>,
        range: EventRange,
    ) -> Result<Vec<Recorded<A::Event>>, Error> {
        self.get_events(id.uuid(), range).await
    }

    /// Reads the last `many` events of a range, oldest first. Events of retired types count, but are left out.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use es_runtime::{Wait, aggregate, mutator, mapper::Mapper, recorder::{EventRange, MemoryRecorder}, store::EventStore};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// #     #[event(Deposited)]
    /// #     pub fn deposit(&mut self, amount: i64) { self.balance += amount; }
    /// # }
    /// # let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
    /// # let mut account = Account::open();
    /// # (0..9).for_each(|_| account.deposit(1));
    /// # store.put(account.pending()).wait()?;
    /// let last = store.get_last(account.id(), EventRange::all(), 3).wait()?;
    /// let versions: Vec<u64> = last.iter().map(|event| event.envelope().version().get()).collect();
    /// assert_eq!(versions, [8, 9, 10]);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_last<A: Aggregate>(
        &self,
        id: Id<A>,
        range: EventRange,
        many: usize,
    ) -> Result<Vec<Recorded<A::Event>>, Error> {
        let mut events = self.get(id, range.descending().limit(many)).await?;
        events.reverse();
        Ok(events)
    }

    /// Reads the event of this version; returns `None` if there is none, or its type is retired.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn event_at<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Option<Recorded<A::Event>>, Error> {
        let version = version.into();
        Ok(self.get(id, EventRange::all().from(version).up_to(version)).await?.pop())
    }

    /// Reads the first event of an aggregate.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn first<A: Aggregate>(&self, id: Id<A>) -> Result<Option<Recorded<A::Event>>, Error> {
        Ok(self.get(id, EventRange::all().limit(1)).await?.pop())
    }

    /// Reads the last event of an aggregate.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn last<A: Aggregate>(&self, id: Id<A>) -> Result<Option<Recorded<A::Event>>, Error> {
        self.most_recent(id, Version::MAX).await
    }

    /// Reads the last event of an aggregate at `version` or before.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn most_recent<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Option<Recorded<A::Event>>, Error> {
        Ok(self.get(id, EventRange::all().up_to(version.into()).descending().limit(1)).await?.pop())
    }

    /// Reads the last event of an aggregate before `version`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn most_recent_before<A: Aggregate>(
        &self,
        id: Id<A>,
        version: impl Into<Version>,
    ) -> Result<Option<Recorded<A::Event>>, Error> {
        Ok(self.get(id, EventRange::all().before(version.into()).descending().limit(1)).await?.pop())
    }

    /// Reads events of one aggregate a page at a time: for sequences that are too long for memory.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use es_runtime::{Wait, aggregate, mutator, mapper::Mapper, recorder::{EventRange, MemoryRecorder}, store::EventStore};
    /// # #[aggregate]
    /// # pub struct Account { pub balance: i64 }
    /// # #[mutator]
    /// # impl Account {
    /// #     #[event(Opened)]
    /// #     pub fn open() -> Self { Self { balance: 0 } }
    /// # }
    /// # let store = EventStore::new(Mapper::new(), Arc::new(MemoryRecorder::new()))?;
    /// # let account = Account::open();
    /// # store.put(account.pending()).wait()?;
    /// let mut events = store.stream(account.id(), EventRange::all());
    /// while let Some(page) = events.next_page().wait()? {
    ///     for event in page {
    ///         println!("{:?}", event.event());
    ///     }
    /// }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn stream<A: Aggregate>(&self, id: Id<A>, range: EventRange) -> EventStream<'_, A> {
        EventStream::new(self.pages(id, range))
    }

    pub(crate) fn pages<A>(&self, id: Id<A>, range: EventRange) -> Pages<'_, A> {
        Pages::new(self, id, range)
    }

    /// Returns whether an event of this version is stored.
    pub(crate) async fn has_version(&self, id: Uuid, version: Version) -> Result<bool, Error> {
        self.rows(id, version, 1).await.map(|rows| rows.first().is_some_and(|row| row.version == version))
    }

    /// Reads up to `many` rows of a sequence, from a version on.
    pub(crate) async fn rows(
        &self,
        id: Uuid,
        first: Version,
        many: usize,
    ) -> Result<Vec<StoredEvent>, Error> {
        let mut rows = Vec::new();
        let mut pages = self.pages(Id::<()>::from_uuid(id), EventRange::all().from(first).limit(many));
        while let Some(page) = pages.rows().await? {
            rows.extend(page);
        }
        Ok(rows)
    }

    /// Returns whether an event of the sequence is stored under that commit id.
    pub(crate) async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.recorder.has_commit(id, commit).await
    }
}

/// Returns whether another data key of an aggregate was stored first.
pub(crate) fn is_about_key(error: &Error) -> bool {
    matches!(error.as_conflict(), Some(Conflict::Key { .. }))
}
