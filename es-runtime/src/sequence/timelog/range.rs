use std::marker::PhantomData;

use super::Moment;
use crate::clock::Timestamp;
use crate::recorder::EventRange;

/// Which messages of a log are meant, in which order, and how many at most.
///
/// ```
/// use es_runtime::clock::Timestamp;
/// use es_runtime::sequence::TimeRange;
///
/// let noon = Timestamp::from_micros(1_763_640_000_000_000);
/// let last_ten_before_noon = TimeRange::all().lt(noon).descending().limit(10);
/// # let _ = last_ten_before_noon;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct TimeRange<T = Timestamp> {
    range: EventRange,
    of: PhantomData<T>,
}

impl<T: Moment> TimeRange<T> {
    /// All of them, from the earliest on.
    pub const fn all() -> Self {
        Self::new(EventRange::all())
    }

    const fn new(range: EventRange) -> Self {
        Self { range, of: PhantomData }
    }

    /// Only what is later than `moment`.
    pub fn gt(self, moment: T) -> Self {
        Self::new(self.range.gt(moment.place()))
    }

    /// Only `moment` and later.
    pub fn gte(self, moment: T) -> Self {
        Self::new(self.range.gte(moment.place()))
    }

    /// Only what is earlier than `moment`.
    pub fn lt(self, moment: T) -> Self {
        Self::new(self.range.lt(moment.place()))
    }

    /// Only `moment` and earlier.
    pub fn lte(self, moment: T) -> Self {
        Self::new(self.range.lte(moment.place()))
    }

    /// At most so many.
    pub fn limit(self, limit: usize) -> Self {
        Self::new(self.range.limit(limit))
    }

    /// From the latest on.
    pub fn descending(self) -> Self {
        Self::new(self.range.descending())
    }

    pub(super) const fn events(self) -> EventRange {
        self.range
    }
}
