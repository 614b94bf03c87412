use std::marker::PhantomData;

use super::Moment;
use crate::clock::Timestamp;
use crate::recorder::EventRange;

/// A choice of messages of a log, their order and their greatest number.
///
/// ```
/// use es_runtime::clock::Timestamp;
/// use es_runtime::sequence::TimeRange;
///
/// let noon = Timestamp::from_micros(1_763_640_000_000_000);
/// let last_ten_before_noon = TimeRange::all().before(noon).descending().limit(10);
/// # let _ = last_ten_before_noon;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct TimeRange<T = Timestamp> {
    range: EventRange,
    of: PhantomData<T>,
}

impl<T: Moment> TimeRange<T> {
    /// Selects all messages, from the earliest on.
    pub const fn all() -> Self {
        Self::new(EventRange::all())
    }

    const fn new(range: EventRange) -> Self {
        Self { range, of: PhantomData }
    }

    /// Selects only messages later than `moment`.
    pub fn after(self, moment: T) -> Self {
        Self::new(self.range.after(moment.place()))
    }

    /// Selects only messages at `moment` or later.
    pub fn from(self, moment: T) -> Self {
        Self::new(self.range.from(moment.place()))
    }

    /// Selects only messages earlier than `moment`.
    pub fn before(self, moment: T) -> Self {
        Self::new(self.range.before(moment.place()))
    }

    /// Selects only messages at `moment` or earlier.
    pub fn up_to(self, moment: T) -> Self {
        Self::new(self.range.up_to(moment.place()))
    }

    /// Sets the greatest number of messages.
    pub fn limit(self, limit: usize) -> Self {
        Self::new(self.range.limit(limit))
    }

    /// Reverses the order: from the latest on.
    pub fn descending(self) -> Self {
        Self::new(self.range.descending())
    }

    pub(super) const fn events(self) -> EventRange {
        self.range
    }
}
