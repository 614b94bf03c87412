//! The log as a program reads it: events of its own types, with their places.
//!
//! A [`Log`] reads what is stored, a page at a time. A [`Subscription`] goes on when it has read all, and waits for
//! more. [`Sections`] serve the rows to readers elsewhere, as documents with links.

mod source;
mod any;
mod logged;
mod subscription;
mod section;
mod sections;
mod section_reader;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use uuid::Uuid;

pub use self::any::AnyEvent;
pub use self::logged::Logged;
pub(crate) use self::logged::{Content, is_unknown};
pub use self::section::{Section, SectionId};
pub use self::section_reader::SectionReader;
pub use self::sections::{SectionSource, Sections};
pub(crate) use self::source::Source;
pub(crate) use self::subscription::unknown;
pub use self::subscription::{Stop, Subscription};
use crate::error::Error;
use crate::event::Recorded;
use crate::id::{Mark, Name, Position, Slices, Version};
use crate::recorder::LogRange;
use crate::store::Mappers;
use crate::stored_event::StoredEvent;

/// The events of one type in the log, a page at a time, in the order in which they were stored: see
/// [`Application::log`](crate::Application::log).
#[must_use = "nothing is read before a page is asked for"]
pub struct Log<E> {
    source: Source,
    /// The unread range.
    range: LogRange,
    left: Option<usize>,
    /// The number of rows read at a time, and of bytes of their states.
    page: (usize, usize),
    /// True if the reader has to know that a page which a limit cut was the last one: a page without events then follows.
    tells_end: bool,
    is_cut: bool,
    // Function pointers without a bound: the compiler would report a bound again for each method.
    topics: fn() -> Vec<Cow<'static, str>>,
    read: ReadRow<E>,
}

/// The function that makes an event of a row.
pub(crate) type ReadRow<E> =
    Arc<dyn Fn(Mark, &StoredEvent, &Mappers<'_>) -> Result<Content<E>, Error> + Send + Sync>;

impl<E> fmt::Debug for Log<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("range", &self.range).finish_non_exhaustive()
    }
}

impl<E> Log<E> {
    pub(crate) fn new(source: Source) -> Self
    where
        E: Logged,
    {
        Self::reading(source, E::topics, Arc::new(|_, row, mappers| E::read(row, mappers)))
    }

    /// Makes a log whose rows `read` makes events of.
    pub(crate) const fn reading(
        source: Source,
        topics: fn() -> Vec<Cow<'static, str>>,
        read: ReadRow<E>,
    ) -> Self {
        let page = (1_000, 16 << 20);
        Self {
            source,
            range: LogRange::all(),
            left: None,
            page,
            tells_end: false,
            is_cut: false,
            topics,
            read,
        }
    }

    /// Ends each commit with a page after which the range holds no more for now, or with a row of the next commit.
    pub(crate) const fn telling_ends(mut self) -> Self {
        self.tells_end = true;
        self
    }

    /// Reads only rows of these topics.
    pub(crate) fn of_topics(mut self, topics: Vec<String>) -> Self {
        self.range = self.range.topics(topics);
        self
    }

    /// Begins after a mark that the reader kept: [`LogEvents::through`] of its last finished page.
    pub fn after(mut self, mark: impl Into<Option<Mark>>) -> Self {
        self.range = self.range.after(mark);
        self
    }

    /// Begins at a position, and does not check which commit stands there: see [`after`](Self::after).
    pub fn from(mut self, position: Position) -> Self {
        self.range = self.range.from(position);
        self
    }

    /// Ends at a position; the event at that position is the last one.
    pub fn up_to(mut self, position: Position) -> Self {
        self.range = self.range.up_to(position);
        self
    }

    /// Reads only events of aggregates in these slices.
    pub fn slices(mut self, slices: Slices) -> Self {
        self.range = self.range.slices(slices);
        self
    }

    /// Sets the greatest number of events to read.
    pub const fn limit(mut self, events: usize) -> Self {
        self.left = Some(events);
        self
    }

    /// Lets the recorder search for the topics that this program knows, which is several times faster if most events of
    /// the log are of other types. Events that a newer release stored are then missing from the
    /// [skipped](LogEvents::skipped) rows.
    pub fn known_topics(mut self) -> Self {
        self.range = self.range.topics((self.topics)());
        self
    }

    /// Sets the greatest number of rows that are read at a time, 1,000 unless set. A page may hold fewer events, because
    /// some rows are none to this program.
    pub const fn page_events(mut self, events: usize) -> Self {
        self.page.0 = if events == 0 { 1 } else { events };
        self
    }

    /// Sets the greatest number of bytes of stored states that are read at a time, 16 MiB unless set. A page always
    /// holds at least one row.
    pub const fn page_bytes(mut self, bytes: usize) -> Self {
        self.page.1 = bytes;
        self
    }

    /// Returns whether nothing can come any more: the limit is reached, or the log is beyond the last position.
    async fn is_at_its_end(&self) -> Result<bool, Error> {
        let stop = self.range.stop();
        if self.left == Some(0) || self.range.bounds().is_none() {
            return Ok(true);
        }
        if stop == Position::MAX {
            return Ok(false);
        }
        let newest = self.source.read(LogRange::all().limit(0)).await?.through;
        Ok(newest.is_some_and(|newest| newest.position() >= stop))
    }

    /// Waits until the log may hold more events. The next call of [`next_page`](Self::next_page) reads them.
    ///
    /// The wait may also end without new events, and always does after an interval of the store.
    ///
    /// # Errors
    ///
    /// Errors of the store.
    pub async fn more(&self) -> Result<(), Error> {
        self.source.beyond(self.range.mark()).await
    }

    /// Reads the next page. Returns `None` if there is nothing new for now; a later call reads events that were stored
    /// since.
    ///
    /// A page without events still reports how far the log was read.
    ///
    /// # Errors
    ///
    /// Errors of mapper and store; [`Diverged`](crate::ErrorKind::Diverged) if the log is not the log of the
    /// [mark](Self::after). A row that should be readable but is not, such as a damaged one, is an error, not a gap: the
    /// page before the error holds the events before the row.
    pub async fn next_page(&mut self) -> Result<Option<LogEvents<E>>, Error> {
        if self.left == Some(0) {
            return Ok(None);
        }
        self.source.check_open()?;
        let (mut entries, mut skipped) = (Vec::new(), Vec::new());
        let begun = self.range.mark();
        while self.left != Some(0) {
            let range = self.range.clone().limit(self.page.0).limit_bytes(self.page.1);
            let page = self.source.read(range).await?;
            let mappers = self.source.mappers_for(&page.entries).await?;
            let (mut through, mut before) = (page.through, self.range.mark());
            let mut more = page.more;
            entries.reserve(page.entries.len());
            for notification in page.entries {
                let (mark, row) = (notification.mark(), notification.event);
                let read = match (self.read)(mark, &row, &mappers) {
                    Err(_) if !entries.is_empty() || !skipped.is_empty() => {
                        // The caller gets what stands before the row, and the next call reports the row.
                        (through, more) = (before, true);
                        break;
                    }
                    read => read?,
                };
                before = Some(mark);
                match read {
                    Content::Event(recorded) => entries.push(LogEvent::new(mark, recorded)),
                    Content::Skipped(why) => {
                        skipped.push(SkippedEvent {
                            mark,
                            id: row.id,
                            version: row.version,
                            topic: row.topic,
                            why,
                        });
                    }
                    Content::Other => {}
                }
                if self.left.is_some_and(|left| left == entries.len()) {
                    through = Some(mark);
                    break;
                }
            }
            self.range = self.range.clone().after(through);
            let is_found = !entries.is_empty() || !skipped.is_empty();
            if is_found || !page.more {
                self.left = self.left.map(|left| left - entries.len());
                let is_new = is_found || through != begun || (self.is_cut && !more);
                self.is_cut = self.tells_end && more;
                return Ok(is_new.then_some(LogEvents { entries, skipped, through, more }));
            }
        }
        Ok(None)
    }
}

/// One page of events of the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogEvents<E> {
    /// The events, in the order of the log.
    pub entries: Vec<LogEvent<E>>,
    /// The rows of the same aggregates that are no event to this program, in the order of the log.
    ///
    /// The notice that an aggregate is [forgotten](SkipReason::Forgotten) is the last row of the aggregate. A reader
    /// keeps the order if it deletes its view of the aggregate after it has handled the events of the page.
    pub skipped: Vec<SkippedEvent>,
    /// The place up to which no event is missing and none will appear, or `None` if the log is empty. A reader keeps
    /// this mark, and later begins [after](Log::after) it.
    pub through: Option<Mark>,
    /// True if the page may end within a commit.
    pub(crate) more: bool,
}

/// An event with its place in the log. It dereferences to the [`Recorded`] event, with its envelope and metadata.
#[derive(Clone, Debug)]
pub struct LogEvent<E> {
    mark: Mark,
    recorded: Recorded<E>,
}

impl<E> LogEvent<E> {
    pub(crate) const fn new(mark: Mark, recorded: Recorded<E>) -> Self {
        Self { mark, recorded }
    }

    /// Returns the mark.
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the position.
    pub const fn position(&self) -> Position {
        self.mark.position()
    }

    /// Returns the event without its place.
    pub fn into_recorded(self) -> Recorded<E> {
        self.recorded
    }
}

impl<E> Deref for LogEvent<E> {
    type Target = Recorded<E>;

    fn deref(&self) -> &Recorded<E> {
        &self.recorded
    }
}

/// A row of the log that is no event to this program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedEvent {
    /// The place in the log.
    pub mark: Mark,
    /// The id of the aggregate.
    pub id: Uuid,
    /// The version of the event.
    pub version: Version,
    /// The stored topic.
    pub topic: Name,
    /// The reason.
    pub why: SkipReason,
}

/// The reason why a page skips a row of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// The row is the notice that the aggregate is forgotten: delete the views of its events.
    Forgotten,
    /// The row is an event of a forgotten aggregate: nobody can read it any more.
    Unreadable,
    /// The topic is retired: see `#[mutator(retired = [..])]`.
    Retired,
    /// This program does not know the topic. A newer release stored the event, or its type was removed without a trace.
    Unknown,
}
