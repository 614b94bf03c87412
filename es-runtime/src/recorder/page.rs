use crate::id::{Mark, Position, Slice};
use crate::stored_event::StoredEvent;

/// Events of one sequence, as far as one read goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events, in the order that the range asks for.
    pub events: Vec<StoredEvent>,
    /// True if the range may hold more: a short page may have more behind it, an empty page never has.
    pub more: bool,
}

impl EventPage {
    /// A page that ends its range.
    pub const fn last(events: Vec<StoredEvent>) -> Self {
        Self { events, more: false }
    }

    /// A page after which the range may hold more.
    pub const fn with_more(events: Vec<StoredEvent>) -> Self {
        Self { events, more: true }
    }
}

/// Events of the log, as far as one read goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogPage {
    /// The events that the range asks for, in the order of their positions. None is beyond `through`.
    pub entries: Vec<Notification>,
    /// The place up to which the page is complete: no event that the range asks for is missing, and none will appear.
    ///
    /// An event stands there, whatever its topic. A reader that filters keeps this mark, and no other.
    pub through: Option<Mark>,
    /// True if the range may hold more now; a short page may have more behind it.
    pub more: bool,
}

impl LogPage {
    /// A page that is complete up to a place and ends its range there, for now.
    pub const fn last(entries: Vec<Notification>, through: Option<Mark>) -> Self {
        Self { entries, through, more: false }
    }

    /// A page that ends at its last entry, after which the range may hold more.
    pub fn with_more(entries: Vec<Notification>) -> Self {
        let through = entries.last().map(Notification::mark);
        Self { entries, through, more: true }
    }
}

/// An event with its place in the log.
///
/// The event may be the notice that its aggregate is forgotten: see [`StoredEvent::forgotten`]. A reader then deletes
/// what it made of the aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notification {
    mark: Mark,
    /// The event.
    pub event: StoredEvent,
}

impl Notification {
    /// An event at its place.
    pub const fn new(mark: Mark, event: StoredEvent) -> Self {
        Self { mark, event }
    }

    /// Returns the place, for a reader that comes back.
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the position.
    pub const fn position(&self) -> Position {
        self.mark.position()
    }

    /// Returns the slice that the aggregate falls into.
    pub const fn slice(&self) -> Slice {
        Slice::of(self.event.id)
    }
}

/// Fills a page up to its limits.
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

    /// Takes a row with a state of so many bytes, if there is room for it. Returns whether there may be room for another.
    pub(super) fn push(&mut self, bytes: usize, row: impl FnOnce() -> T) -> bool {
        let fits = self.bytes_left.is_none_or(|left| bytes <= left);
        self.is_full |= !fits && !self.rows.is_empty();
        if self.is_full {
            return false;
        }
        self.rows.push(row());
        self.count_left -= 1;
        self.bytes_left = self.bytes_left.map(|left| left.saturating_sub(bytes));
        // Nothing stands beside a row that is too large for the page, not even an empty one.
        self.is_full = self.count_left == 0 || !fits;
        !self.is_full
    }
}

impl Fill<StoredEvent> {
    pub(super) fn into_page(self) -> EventPage {
        EventPage { more: self.is_full && !self.rows.is_empty(), events: self.rows }
    }
}

impl Fill<Notification> {
    /// A page that ends at `through` where no limit ended it before.
    pub(super) fn into_page(self, through: Option<Mark>) -> LogPage {
        if self.is_full { LogPage::with_more(self.rows) } else { LogPage::last(self.rows, through) }
    }
}
