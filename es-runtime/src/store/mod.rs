//! The event store: mapper and recorder together; events go in and events come out.

mod keys;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

pub use self::keys::Mappers;
use crate::aggregate::Aggregate;
use crate::error::{Conflict, Error, ErrorKind};
use crate::event::Recorded;
use crate::event_set::{EventSet, Visited};
use crate::id::{CommitId, Id, Version};
use crate::mapper::Mapper;
use crate::recorder::{AggregateRecorder, Commit, DynAggregateRecorder, EventPage, EventRange, Receipt};
use crate::stored_event::StoredEvent;

/// How many rows are read at a time: long sequences are never in memory whole.
const PAGE: usize = 2_000;

/// The number of bytes of states that are read at a time, but for a single event that is larger.
const PAGE_BYTES: usize = 16 << 20;

/// How often a commit is tried whose outcome is unknown.
const ATTEMPTS: usize = 3;

/// Keeps events of any aggregate.
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
/// store.put::<Account>(account.pending()).wait()?;
///
/// let later = store.get(account.id(), EventRange::all().gt(Version::INITIAL)).wait()?;
/// assert_eq!(later.len(), 1);
/// assert_eq!(store.last(account.id()).wait()?.map(|last| last.envelope().version().get()), Some(2));
/// # Ok::<(), es_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct EventStore {
    mapper: Arc<Mapper>,
    recorder: Arc<dyn DynAggregateRecorder>,
    /// Tells stores of one process apart.
    number: u64,
}

static NUMBERS: AtomicU64 = AtomicU64::new(1);

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
    /// [`Config`](crate::ErrorKind::Config) if the mapper has data keys, and the recorder keeps none.
    pub fn new(
        mapper: impl Into<Arc<Mapper>>,
        recorder: Arc<dyn DynAggregateRecorder>,
    ) -> Result<Self, Error> {
        let mapper = mapper.into();
        if mapper.has_data_keys() && recorder.as_keys().is_none() {
            return Err(keys::no_keys());
        }
        Ok(Self { mapper, recorder, number: NUMBERS.fetch_add(1, Ordering::Relaxed) })
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// The mapper.
    pub fn mapper(&self) -> &Mapper {
        &self.mapper
    }

    /// Stores events of one aggregate, all or none.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) if a version is stored already, and what the mapper and the store
    /// report.
    pub async fn put<A: Aggregate>(&self, events: &[Recorded<A::Event>]) -> Result<Receipt, Error> {
        self.put_rows(events, Mapper::encode::<A>).await
    }

    /// Stores events of a set, all or none, each at the id and the version that it names.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn put_events<E: EventSet>(&self, events: &[Recorded<E>]) -> Result<Receipt, Error> {
        self.put_any(events).await
    }

    pub(crate) async fn put_any<E: Visited<M>, M>(
        &self,
        events: &[impl Borrow<Recorded<E>>],
    ) -> Result<Receipt, Error> {
        self.put_rows(events, |mapper, event: &Recorded<E>| mapper.encode_in(event)).await
    }

    async fn put_rows<E>(
        &self,
        events: &[impl Borrow<Recorded<E>>],
        encode: impl Fn(&Mapper, &Recorded<E>) -> Result<StoredEvent, Error>,
    ) -> Result<Receipt, Error> {
        let events = events.iter().map(Borrow::borrow);
        let mut asked = 1;
        loop {
            let writing = self.writing(events.clone().map(|event| event.envelope().id())).await?;
            let row = |event| encode(writing.mapper(Recorded::envelope(event).id()), event);
            let rows = events.clone().map(row).collect::<Result<_, _>>()?;
            match self.append_surely(writing.commit(Commit::new(rows))).await {
                // Somebody else stored the first key of the sequence: nothing of this is stored, and that key will do.
                Err(error) if is_about_key(&error) && asked < ATTEMPTS => asked += 1,
                appended => return appended,
            }
        }
    }

    /// Reads events of a set from one sequence, whatever their versions.
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
    /// store.put_events(&[Recorded::now(sensor, 1, Measured { celsius: 21 })]).wait()?;
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
                events.push(pages.mapper().decode_in(row)?);
            }
        }
        Ok(events)
    }

    /// Appends, and asks again a few times if the store did not say what became of it: the same commit is never
    /// stored twice.
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

    /// Reads events of one aggregate; those whose type is retired are left out.
    ///
    /// # Errors
    ///
    /// What the mapper and the store report.
    pub async fn get<A: Aggregate>(
        &self,
        id: Id<A>,
        range: EventRange,
    ) -> Result<Vec<Recorded<A::Event>>, Error> {
        let mut events = Vec::new();
        let mut pages = self.pages(id, range);
        while let Some(page) = pages.next().await? {
            for row in &page {
                events.extend(pages.mapper().decode::<A>(row)?);
            }
        }
        Ok(events)
    }

    /// The first event of an aggregate.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn first<A: Aggregate>(&self, id: Id<A>) -> Result<Option<Recorded<A::Event>>, Error> {
        Ok(self.get(id, EventRange::all().limit(1)).await?.pop())
    }

    /// The last event of an aggregate.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn last<A: Aggregate>(&self, id: Id<A>) -> Result<Option<Recorded<A::Event>>, Error> {
        self.most_recent(id, Version::MAX).await
    }

    /// The last event of an aggregate at `version` or before.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn most_recent<A: Aggregate>(
        &self,
        id: Id<A>,
        version: Version,
    ) -> Result<Option<Recorded<A::Event>>, Error> {
        Ok(self.get(id, EventRange::all().lte(version).descending().limit(1)).await?.pop())
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
    /// # store.put::<Account>(account.pending()).wait()?;
    /// let mut events = store.stream(account.id(), EventRange::all());
    /// while let Some(page) = events.next_page().wait()? {
    ///     for event in page {
    ///         println!("{:?}", event.event());
    ///     }
    /// }
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn stream<A: Aggregate>(&self, id: Id<A>, range: EventRange) -> EventStream<'_, A> {
        EventStream { pages: self.pages(id, range) }
    }

    pub(crate) fn pages<A>(&self, id: Id<A>, range: EventRange) -> Pages<'_, A> {
        Pages { store: self, id, range: Some(range), keyed: None }
    }

    /// The last version that is stored of a sequence.
    pub(crate) async fn last_version(&self, id: Uuid) -> Result<Option<Version>, Error> {
        let last = self.recorder.select(id, EventRange::all().descending().limit(1)).await?;
        Ok(last.events.first().map(|row| row.version))
    }

    /// Whether there is an event of this version.
    pub(crate) async fn has_version(&self, id: Uuid, version: Version) -> Result<bool, Error> {
        self.rows(id, version, 1).await.map(|rows| rows.first().is_some_and(|row| row.version == version))
    }

    /// So many rows of a sequence, from a version on.
    pub(crate) async fn rows(
        &self,
        id: Uuid,
        first: Version,
        many: usize,
    ) -> Result<Vec<StoredEvent>, Error> {
        let mut rows = Vec::new();
        let mut pages = self.pages(Id::<()>::from_uuid(id), EventRange::all().gte(first).limit(many));
        while let Some(page) = pages.rows().await? {
            rows.extend(page);
        }
        Ok(rows)
    }

    /// Whether an event of the sequence is stored under that commit id.
    pub(crate) async fn has_commit(&self, id: Uuid, commit: CommitId) -> Result<bool, Error> {
        self.recorder.has_commit(id, commit).await
    }
}

/// Whether another data key of an aggregate was stored first.
pub(crate) fn is_about_key(error: &Error) -> bool {
    matches!(error.as_conflict(), Some(Conflict::Key { .. }))
}

/// The rows of one aggregate, a page at a time.
pub(crate) struct Pages<'a, A> {
    store: &'a EventStore,
    id: Id<A>,
    /// What is still to be read.
    range: Option<EventRange>,
    /// The mapper with the data key, where there are any.
    keyed: Option<Mapper>,
}

impl<A> Pages<'_, A> {
    /// What maps the rows of the last page.
    #[inline]
    pub(crate) fn mapper(&self) -> &Mapper {
        self.keyed.as_ref().unwrap_or(&self.store.mapper)
    }

    /// The next rows, and [what maps them](Self::mapper).
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<StoredEvent>>, Error> {
        let page = self.rows().await?;
        if page.is_some() {
            // After the rows: a key is there as soon as its first row is. For each page: it may be forgotten meanwhile.
            self.keyed = self.store.mapper_with_key(self.id.uuid()).await?;
        }
        Ok(page)
    }

    /// The next rows, as they are stored.
    async fn rows(&mut self) -> Result<Option<Vec<StoredEvent>>, Error> {
        let Some(range) = self.range.take() else { return Ok(None) };
        let asked = range.limit(PAGE).limit_bytes(PAGE_BYTES);
        let EventPage { events, more } = self.store.recorder.select(self.id.uuid(), asked).await?;
        // The next page begins at a key, so that no cursor is held open meanwhile.
        if more && let Some(last) = events.last() {
            let rest = if range.is_descending() { range.lt(last.version) } else { range.gt(last.version) };
            self.range = rest.without_first(events.len());
        }
        Ok(if events.is_empty() { None } else { Some(events) })
    }
}

/// The events of one aggregate, a page at a time.
#[must_use = "nothing is read before a page is asked for"]
pub struct EventStream<'a, A> {
    pages: Pages<'a, A>,
}

impl<A> fmt::Debug for EventStream<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("id", &self.pages.id).finish_non_exhaustive()
    }
}

impl<A: Aggregate> EventStream<'_, A> {
    /// The next page; nothing after the last one.
    ///
    /// # Errors
    ///
    /// As [`EventStore::get`].
    pub async fn next_page(&mut self) -> Result<Option<Vec<Recorded<A::Event>>>, Error> {
        let Some(page) = self.pages.next().await? else { return Ok(None) };
        let events = page.iter().map(|row| self.pages.mapper().decode::<A>(row));
        events.filter_map(Result::transpose).collect::<Result<_, _>>().map(Some)
    }
}
