//! The log as a program reads it: events of its own types, with their places.

mod any;
mod logged;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use uuid::Uuid;

pub use self::any::AnyEvent;
use self::logged::Content;
pub use self::logged::Logged;
use super::Application;
use crate::aggregate::Seal;
use crate::error::Error;
use crate::event::Recorded;
use crate::id::{Mark, Name, Position, Slices, Version};
use crate::recorder::{ApplicationRecorder, LogRange};
use crate::store::Mappers;
use crate::stored_event::StoredEvent;

/// How many rows are read at a time.
const PAGE: usize = 1_000;

/// How many bytes of states are read at a time.
const PAGE_BYTES: usize = 16 << 20;

/// The events of one type in the log, a page at a time, in the order in which they were stored: see
/// [`Application::log`](super::Application::log).
#[must_use = "nothing is read before a page is asked for"]
pub struct Log<'a, E> {
    application: &'a Application,
    /// The range that is still to be read.
    range: LogRange,
    left: Option<usize>,
    // Pointers, and no bound: the compiler would report it for each method once more.
    topics: fn(Seal) -> Vec<Cow<'static, str>>,
    read: fn(&StoredEvent, &Mappers<'_>, Seal) -> Result<Content<E>, Error>,
}

impl<E> fmt::Debug for Log<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("range", &self.range).finish_non_exhaustive()
    }
}

impl<'a, E> Log<'a, E> {
    pub(super) fn new(application: &'a Application) -> Self
    where
        E: Logged,
    {
        Self { application, range: LogRange::all(), left: None, topics: E::topics, read: E::read }
    }

    /// Begins after a place that the reader has kept: [`LogEvents::through`] of the last page it has dealt with.
    pub fn after(mut self, mark: impl Into<Option<Mark>>) -> Self {
        self.range = self.range.after(mark);
        self
    }

    /// Begins at a position, whatever stands there.
    pub fn from(mut self, position: Position) -> Self {
        self.range = self.range.from(position);
        self
    }

    /// Ends at a position.
    pub fn up_to(mut self, position: Position) -> Self {
        self.range = self.range.up_to(position);
        self
    }

    /// Reads only events of aggregates that fall into these slices.
    pub fn slices(mut self, slices: Slices) -> Self {
        self.range = self.range.slices(slices);
        self
    }

    /// Reads at most so many events.
    pub const fn limit(mut self, events: usize) -> Self {
        self.left = Some(events);
        self
    }

    /// Has the store look for the topics that this program knows: several times faster where most events of the log are of other
    /// types. Events that a newer release stored are then not among the [skipped](LogEvents::skipped).
    pub fn known_topics(mut self) -> Self {
        self.range = self.range.topics((self.topics)(Seal::new()));
        self
    }

    /// Waits until there may be more. Another call of [`next_page`](Self::next_page) reads it.
    ///
    /// # Errors
    ///
    /// Errors of the store.
    pub async fn more(&self) -> Result<(), Error> {
        self.application.recorder().beyond(self.range.mark()).await
    }

    /// Reads the next page. Returns `None` if there is nothing new for now; asked again, it reads what came since.
    ///
    /// A page without events tells how far the log was read.
    ///
    /// # Errors
    ///
    /// Errors of mapper and store; [`Diverged`](crate::ErrorKind::Diverged) if another log is read than the one of the
    /// [mark](Self::after). A row that cannot be read although it should be, such as a damaged one, is an error and no gap.
    pub async fn next_page(&mut self) -> Result<Option<LogEvents<E>>, Error> {
        let app = self.application;
        app.shared.check_open()?;
        let (mut entries, mut skipped) = (Vec::new(), Vec::new());
        let begun = self.range.mark();
        while self.left != Some(0) {
            let range = self.range.clone().limit(PAGE).limit_bytes(PAGE_BYTES);
            let page = app.recorder().read_log(range).await?;
            let mappers = app.store().mappers_for(&page.entries).await?;
            let mut through = page.through;
            for notification in page.entries {
                let (mark, row) = (notification.mark(), notification.event);
                match (self.read)(&row, &mappers, Seal::new())? {
                    Content::Event(recorded) => entries.push(LogEvent { mark, recorded }),
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
                let is_new = is_found || through != begun;
                return Ok(is_new.then_some(LogEvents { entries, skipped, through }));
            }
        }
        Ok(None)
    }
}

/// Events of the log, as far as one page goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogEvents<E> {
    /// The events, in the order of the log.
    pub entries: Vec<LogEvent<E>>,
    /// Rows of the same aggregates that are no event to this program, in the order of the log.
    ///
    /// The notice that an aggregate is [forgotten](SkipReason::Forgotten) is the last row of the aggregate: whoever deletes its
    /// view after the events of the page keeps the order.
    pub skipped: Vec<SkippedEvent>,
    /// The place up to which nothing is missing and nothing will appear; `None` if the log is empty. A reader keeps this mark, and
    /// later begins [after](Log::after) it.
    pub through: Option<Mark>,
}

/// An event with its place in the log. It dereferences to the [`Recorded`] event, with its envelope and metadata.
#[derive(Clone, Debug)]
pub struct LogEvent<E> {
    mark: Mark,
    recorded: Recorded<E>,
}

impl<E> LogEvent<E> {
    /// Returns the place.
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the position.
    pub const fn position(&self) -> Position {
        self.mark.position()
    }

    /// Gives the event away.
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
    /// The version.
    pub version: Version,
    /// The topic, as it is stored.
    pub topic: Name,
    /// The reason.
    pub why: SkipReason,
}

/// The reasons for which a row of the log is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// It is the notice that the aggregate is forgotten: delete what was made of its events.
    Forgotten,
    /// It is an event of a forgotten aggregate: nobody can read it any more.
    Unreadable,
    /// Its topic is retired: see `#[mutator(retired = [..])]`.
    Retired,
    /// This program does not know its topic. A newer release stored it, or its type was removed without a trace.
    Unknown,
}
