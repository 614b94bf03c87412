//! The rows of one sequence, a page at a time: a long sequence is never in memory as a whole.

use std::fmt;
use std::future::poll_fn;
use std::task::Poll;

use super::EventStore;
use crate::aggregate::Aggregate;
use crate::error::{Error, ErrorKind};
use crate::event::Recorded;
use crate::id::Id;
use crate::mapper::Mapper;
use crate::recorder::{Boxed, EventPage, EventRange};
use crate::stored_event::StoredEvent;
use crate::wait::may_block;

/// The largest number of rows that one read returns.
const PAGE: usize = 2_000;

/// The number of rows in the first page of a replay that an executor polls. Each later page has twice as many: the
/// executor replays one page while the store reads the next. The query of a page costs less than its rows.
const FIRST: usize = 256;

/// The number of bytes of states read at a time; a single larger event exceeds it.
const PAGE_BYTES: usize = 16 << 20;

/// The rows of one aggregate, a page at a time.
pub(crate) struct Pages<'a, A> {
    store: &'a EventStore,
    id: Id<A>,
    /// The unread range.
    range: Option<EventRange>,
    size: usize,
    /// The largest number of rows in the next page, if an executor polls.
    growing: usize,
    /// The mapper with the data key, if the aggregate has one.
    keyed: Option<Mapper>,
    /// The next page, already requested from the store.
    ahead: Option<Ahead<'a>>,
}

/// A page that was requested ahead.
enum Ahead<'a> {
    Asked(Boxed<'a, EventPage>),
    Read(Result<EventPage, Error>),
}

impl<'a, A> Pages<'a, A> {
    pub(super) fn new(store: &'a EventStore, id: Id<A>, range: EventRange) -> Self {
        Self {
            store,
            id,
            range: to_be_read(range),
            size: PAGE,
            growing: usize::MAX,
            keyed: None,
            ahead: None,
        }
    }

    /// Returns the same pages for a replay: the first ones are small.
    pub(crate) const fn growing(mut self) -> Self {
        self.growing = FIRST;
        self
    }

    /// Returns the mapper of the last page.
    #[inline]
    pub(crate) fn mapper(&self) -> &Mapper {
        self.keyed.as_ref().unwrap_or(&self.store.mapper)
    }

    /// Reads the next rows, and their [mapper](Self::mapper).
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<StoredEvent>>, Error> {
        let page = self.rows().await?;
        if page.is_some() {
            // The key is read after the rows, because it is stored with the first row. It is read for each page,
            // because the aggregate may be forgotten meanwhile.
            self.keyed = self.store.mapper_with_key(self.id.uuid()).await?;
        }
        Ok(page)
    }

    /// Reads the next rows, as they are stored.
    pub(crate) async fn rows(&mut self) -> Result<Option<Vec<StoredEvent>>, Error> {
        let Some(range) = self.range.take() else { return Ok(None) };
        let EventPage { events, more } = match self.ahead.take() {
            Some(Ahead::Read(page)) => page,
            Some(Ahead::Asked(page)) => page.await,
            None => self.select(range).await,
        }?;
        // The next page begins at a version, so that no cursor stays open meanwhile.
        if more {
            let Some(last) = events.last() else { return Err(empty_with_more()) };
            let rest =
                if range.is_descending() { range.before(last.version) } else { range.after(last.version) };
            self.range = rest.without_first(events.len()).and_then(to_be_read);
        }
        Ok(if events.is_empty() { None } else { Some(events) })
    }

    /// Requests the next page from the store, if there may be one, without waiting. The thread of the recorder reads it
    /// while the executor replays the last page. A thread that waits reads by itself later: a hop to another thread
    /// costs more if no processor is idle.
    pub(crate) async fn read_ahead(&mut self) {
        let Some(range) = self.range.filter(|_| self.ahead.is_none() && !may_block()) else { return };
        let mut asked = self.select(range);
        let polled = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
        self.ahead = Some(match polled {
            Poll::Ready(page) => Ahead::Read(page),
            Poll::Pending => Ahead::Asked(asked),
        });
    }

    fn select(&mut self, range: EventRange) -> Boxed<'a, EventPage> {
        let size = if may_block() { self.size } else { self.size.min(self.growing) };
        self.growing = self.growing.saturating_mul(2);
        self.store.recorder.select_dyn(self.id.uuid(), range.limit(size).limit_bytes(PAGE_BYTES))
    }
}

#[cold]
fn empty_with_more() -> Error {
    let message = "the recorder returned an empty page and said that there is more: a reader could not go on from it; mend the \
                   recorder, of which the conformance suite tells more";
    Error::new(ErrorKind::Corrupt, message)
}

/// Returns the range, unless no event can be in it.
fn to_be_read(range: EventRange) -> Option<EventRange> {
    range.bounds().map(|_| range)
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

impl<'a, A> EventStream<'a, A> {
    pub(super) const fn new(pages: Pages<'a, A>) -> Self {
        Self { pages }
    }

    /// Sets the largest number of events on a page; 0 counts as 1. The default is 2,000.
    ///
    /// A page is one query. A full last page costs one more query, which finds nothing, unless the range ends there by
    /// its limit or its last version.
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
    /// # (0..11).for_each(|_| account.deposit(1));
    /// # store.put(account.pending()).wait()?;
    /// let mut events = store.stream(account.id(), EventRange::all()).page_size(5);
    /// let mut sizes = Vec::new();
    /// while let Some(page) = events.next_page().wait()? {
    ///     sizes.push(page.len());
    /// }
    /// assert_eq!(sizes, [5, 5, 2]);
    /// # Ok::<(), es_runtime::Error>(())
    /// ```
    pub fn page_size(mut self, events: usize) -> Self {
        self.pages.size = events.max(1);
        self
    }
}

impl<A: Aggregate> EventStream<'_, A> {
    /// Reads the next page; returns `None` after the last one.
    ///
    /// # Errors
    ///
    /// As [`EventStore::get`].
    pub async fn next_page(&mut self) -> Result<Option<Vec<Recorded<A::Event>>>, Error> {
        let Some(page) = self.pages.next().await? else { return Ok(None) };
        let events = page.iter().map(|row| self.pages.mapper().decode(row));
        events.filter_map(Result::transpose).collect::<Result<_, _>>().map(Some)
    }
}
