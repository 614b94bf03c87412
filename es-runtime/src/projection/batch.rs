//! Batches: rows of the log that a view takes in one transaction. A batch ends at the end of a commit, so that nobody sees
//! a view with half of one.

use std::sync::Arc;
use std::time::Duration;

use super::Projection;
use super::routes::{Routed, Routes, Sight};
use crate::error::{Error, ErrorKind};
use crate::event::{Envelope, Recorded};
use crate::id::{CommitId, Mark, Slices};
use crate::log::{Content, Log, LogEvent, LogEvents, Source};
use crate::store::Mappers;
use crate::stored_event::StoredEvent;

/// The size of the batches that a view takes in one transaction.
///
/// A batch ends at the end of a commit: it is larger than this if a commit is.
///
/// ```
/// use std::time::Duration;
///
/// use es_runtime::projection::BatchSize;
///
/// let size = BatchSize::new().events(200).time(Duration::from_millis(20));
/// # let _ = size;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct BatchSize {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

impl Default for BatchSize {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchSize {
    /// Returns the usual size: 1,000 rows of the log, 16 MiB of stored states, or the work of 250 milliseconds.
    pub const fn new() -> Self {
        Self { events: 1_000, bytes: 16 << 20, time: Duration::from_millis(250) }
    }

    /// Sets the greatest number of rows of the log, at least 1.
    pub const fn events(mut self, events: usize) -> Self {
        self.events = if events == 0 { 1 } else { events };
        self
    }

    /// Sets the greatest number of bytes of stored states. A batch holds at least one row.
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Sets the longest time that handlers work before the view commits.
    pub const fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }
}

/// A row that a projection has to handle.
#[derive(Debug)]
pub(crate) enum Item<S> {
    /// In a box: rows are moved from page to batch.
    Handled(Box<Routed<S>>),
    /// The row cannot be read.
    Broken(Error),
}

/// Rows in the order of the log, and the place behind them.
#[derive(Debug)]
pub(crate) struct Batch<S> {
    pub(crate) items: Vec<LogEvent<Item<S>>>,
    pub(crate) to: Mark,
}

impl<S> Batch<S> {
    /// Returns the rows before a commit, which end at the last of them; `None` if there are none.
    pub(crate) fn before(mut self, commit: CommitId) -> Option<Self> {
        self.items.retain(|item| item.mark().commit() != commit);
        self.to = self.items.last()?.mark();
        Some(self)
    }
}

/// Returns the log as a projection reads it.
pub(crate) fn log_of<P: Projection>(source: Source, slices: Slices, size: BatchSize) -> Log<Item<P::Seen>> {
    let ways = Routes::of::<P>();
    // Events without a handler do not matter: the store need not return them.
    let topics = P::IS_PARTIAL.then(|| ways.handled());
    let read =
        move |mark: Mark, row: &StoredEvent, mappers: &Mappers<'_>| read_row::<P>(&ways, mark, row, mappers);
    let log = Log::reading(source, Vec::new, Arc::new(read));
    let log = log.slices(slices).page_events(size.events).page_bytes(size.bytes).telling_ends();
    match topics {
        Some(topics) => log.of_topics(topics),
        None => log,
    }
}

/// Reads a row as a projection sees it.
pub(crate) fn read_row<P: Projection>(
    ways: &Routes,
    mark: Mark,
    row: &StoredEvent,
    mappers: &Mappers<'_>,
) -> Result<Content<Item<P::Seen>>, Error> {
    let item = match ways.see::<P>(mark, row, mappers) {
        Ok(Sight::Handled(routed)) => {
            let envelope = routed.envelope;
            return Ok(Content::Event(Recorded::new(envelope, Item::Handled(Box::new(routed)))));
        }
        Ok(Sight::Skipped(why)) => return Ok(Content::Skipped(why)),
        Ok(Sight::Other) => return Ok(Content::Other),
        // A policy decides about a row of another shape, or a damaged one. Any other error concerns every row.
        Err(error) if matches!(error.kind(), ErrorKind::Schema | ErrorKind::Corrupt) => error,
        Err(error) => return Err(error),
    };
    let envelope = Envelope::of(row.id, row.version, crate::clock::Timestamp::from_micros(0));
    Ok(Content::Event(Recorded::new(envelope, Item::Broken(item))))
}

/// Cuts the pages of a log into batches.
#[derive(Debug)]
pub(crate) struct Cutter<S> {
    /// The rows of a commit whose rest is on the next page.
    kept: Vec<LogEvent<Item<S>>>,
}

impl<S> Cutter<S> {
    pub(crate) const fn new() -> Self {
        Self { kept: Vec::new() }
    }

    /// Adds a page, and returns the rows of whole commits; `None` if there are none.
    pub(crate) fn cut(&mut self, page: LogEvents<Item<S>>) -> Option<Batch<S>> {
        let LogEvents { entries, through, more, .. } = page;
        let mut items = std::mem::take(&mut self.kept);
        if items.is_empty() {
            items = entries;
        } else {
            items.extend(entries);
        }
        let through = through?;
        if !more {
            return Some(Batch { items, to: through });
        }
        // The commit at the end of the page may go on.
        let whole = items.partition_point(|item| item.mark().commit() != through.commit());
        self.kept = items.split_off(whole);
        match (items.last(), self.kept.is_empty()) {
            (_, true) => Some(Batch { items, to: through }),
            (Some(last), false) => {
                let to = last.mark();
                Some(Batch { items, to })
            }
            (None, false) => None,
        }
    }
}
