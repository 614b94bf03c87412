use crate::id::{Mark, Position, Slice};
use crate::stored_event::StoredEvent;

/// The events of one sequence that one read returns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events, in the order of the range.
    pub events: Vec<StoredEvent>,
    /// True if the range may hold more events; this holds for short pages too, but never for an empty page.
    pub more: bool,
}

impl EventPage {
    /// Makes a page that ends its range.
    pub const fn last(events: Vec<StoredEvent>) -> Self {
        Self { events, more: false }
    }

    /// Makes a page after which the range may hold more.
    pub const fn with_more(events: Vec<StoredEvent>) -> Self {
        Self { events, more: true }
    }
}

/// The events of the log that one read returns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPage {
    /// The events in the range, in the order of their positions. None is beyond `through`.
    pub entries: Vec<Notification>,
    /// The place up to which the page is complete: no event in the range is missing, and none will appear.
    ///
    /// An event stands there, of any topic. A reader that filters keeps this mark, and no other.
    pub through: Option<Mark>,
    /// True if the range may hold more events now; this holds for short pages too.
    pub more: bool,
}

impl LogPage {
    /// Makes a page that is complete up to a place and ends its range there, for now.
    pub const fn last(entries: Vec<Notification>, through: Option<Mark>) -> Self {
        Self { entries, through, more: false }
    }

    /// Makes a page that ends at its last entry, after which the range may hold more.
    pub fn with_more(entries: Vec<Notification>) -> Self {
        let through = entries.last().map(Notification::mark);
        Self { entries, through, more: true }
    }
}

/// An event with its place in the log.
///
/// The event may be the notice that its aggregate is forgotten: see [`StoredEvent::forgotten`]. A reader then deletes
/// its view of the aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    mark: Mark,
    /// The event.
    pub event: StoredEvent,
}

impl Notification {
    /// Makes an entry from an event and its mark.
    pub const fn new(mark: Mark, event: StoredEvent) -> Self {
        Self { mark, event }
    }

    /// Returns the mark, after which a reader can continue later.
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the position.
    pub const fn position(&self) -> Position {
        self.mark.position()
    }

    /// Returns the slice of the aggregate.
    pub const fn slice(&self) -> Slice {
        Slice::of(self.event.id)
    }
}

/// A page under construction, with its limits.
#[derive(Debug)]
pub(super) struct Fill<T> {
    rows: Vec<T>,
    count_left: usize,
    bytes_left: Option<usize>,
    is_full: bool,
}

impl<T> Fill<T> {
    pub(super) fn new(max_count: Option<usize>, max_bytes: Option<usize>) -> Self {
        let count_left = max_count.unwrap_or(usize::MAX);
        Self { rows: Vec::new(), count_left, bytes_left: max_bytes, is_full: count_left == 0 }
    }

    /// Adds a row with a state of so many bytes, if there is room. Returns whether there may be room for another.
    pub(super) fn push(&mut self, bytes: usize, row: impl FnOnce() -> T) -> bool {
        let fits = self.bytes_left.is_none_or(|left| bytes <= left);
        self.is_full |= !fits && !self.rows.is_empty();
        if self.is_full {
            return false;
        }
        self.rows.push(row());
        self.count_left -= 1;
        self.bytes_left = self.bytes_left.map(|left| left.saturating_sub(bytes));
        // A row that is too large for the page stands alone: not even an empty row follows.
        self.is_full = self.count_left == 0 || !fits;
        !self.is_full
    }

    /// Returns whether a limit ended the page.
    #[cfg(feature = "postgres")]
    pub(super) const fn is_full(&self) -> bool {
        self.is_full
    }
}

impl Fill<StoredEvent> {
    pub(super) fn into_page(self) -> EventPage {
        EventPage { more: self.is_full && !self.rows.is_empty(), events: self.rows }
    }
}

impl Fill<Notification> {
    /// Makes a page, which ends at `through` unless a limit ended it before.
    pub(super) fn into_page(self, through: Option<Mark>) -> LogPage {
        if self.is_full { LogPage::with_more(self.rows) } else { LogPage::last(self.rows, through) }
    }

    /// Makes a page that ends at its last row, whatever may follow; `None` without a row.
    #[cfg(feature = "postgres")]
    pub(super) fn into_part(self) -> Option<LogPage> {
        (!self.rows.is_empty()).then(|| LogPage::with_more(self.rows))
    }
}
