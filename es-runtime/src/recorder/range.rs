use std::borrow::Cow;

use crate::id::{Mark, Position, Slices, Version};

/// A choice of events of one sequence, with their order and the limits of one page.
///
/// ```
/// use es_runtime::Version;
/// use es_runtime::recorder::EventRange;
///
/// let last = EventRange::all().descending().limit(1);
/// let tail = EventRange::all().after(Version::from(100));
/// assert!(tail.contains(Version::from(101)) && !tail.contains(Version::from(100)));
/// # let _ = last;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct EventRange {
    /// The lowest version, and the one above the highest (`end`), so that a range can be empty.
    start: u64,
    end: u64,
    limit: Option<usize>,
    limit_bytes: Option<usize>,
    descending: bool,
}

impl EventRange {
    /// Selects all events, from the lowest version on.
    pub const fn all() -> Self {
        Self { start: 0, end: Version::MAX.get() + 1, limit: None, limit_bytes: None, descending: false }
    }

    /// Selects only versions greater than `version`.
    pub fn after(mut self, version: Version) -> Self {
        self.start = self.start.max(version.get() + 1);
        self
    }

    /// Selects only `version` and greater ones.
    pub fn from(mut self, version: Version) -> Self {
        self.start = self.start.max(version.get());
        self
    }

    /// Selects only versions less than `version`.
    pub fn before(mut self, version: Version) -> Self {
        self.end = self.end.min(version.get());
        self
    }

    /// Selects only `version` and lesser ones.
    pub fn up_to(mut self, version: Version) -> Self {
        self.end = self.end.min(version.get() + 1);
        self
    }

    /// Sets the greatest number of events; the lowest of several limits counts.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
        self
    }

    /// Sets the greatest number of bytes of states on one page, which always holds at least one event.
    pub fn limit_bytes(mut self, bytes: usize) -> Self {
        self.limit_bytes = Some(self.limit_bytes.map_or(bytes, |known| known.min(bytes)));
        self
    }

    /// Reverses the order: from the highest version on.
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Returns the lowest and highest version, or `None` if the range is empty.
    pub fn bounds(&self) -> Option<(Version, Version)> {
        if self.start >= self.end || self.limit == Some(0) {
            return None;
        }
        Some((Version::new(self.start)?, Version::new(self.end - 1)?))
    }

    /// Returns the range without its first `count` events, by its limit, or `None` if the limit leaves nothing.
    pub(crate) fn without_first(mut self, count: usize) -> Option<Self> {
        if let Some(limit) = &mut self.limit {
            *limit = limit.checked_sub(count).filter(|left| *left > 0)?;
        }
        Some(self)
    }

    /// Returns the greatest number of bytes on one page.
    pub const fn max_bytes(&self) -> Option<usize> {
        self.limit_bytes
    }

    /// Returns the greatest number of events.
    pub const fn max_count(&self) -> Option<usize> {
        self.limit
    }

    /// Returns whether the highest version comes first.
    pub const fn is_descending(&self) -> bool {
        self.descending
    }

    /// Returns whether `version` is within the bounds.
    pub fn contains(&self, version: Version) -> bool {
        (self.start..self.end).contains(&version.get())
    }
}

/// A choice of events of the log, with the limits of one page.
///
/// ```
/// use es_runtime::id::{CommitId, Mark, Position, Slices};
/// use es_runtime::recorder::LogRange;
///
/// let reached = Mark::new(Position::FIRST, CommitId::new());
/// let next_page = LogRange::all().after(reached).limit(1_000).limit_bytes(4 << 20);
/// let [half, _] = Slices::split();
/// let payments = LogRange::all().topics(["payment.received", "payment.returned"]).slices(half);
/// # let _ = (next_page, payments);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct LogRange {
    after: Option<Mark>,
    start: u64,
    stop: u64,
    limit: Option<usize>,
    limit_bytes: Option<usize>,
    topics: Vec<Cow<'static, str>>,
    slices: Slices,
    firsts: bool,
}

impl LogRange {
    /// Selects the whole log.
    pub const fn all() -> Self {
        Self {
            after: None,
            start: 1,
            stop: Position::MAX.get(),
            limit: None,
            limit_bytes: None,
            topics: Vec::new(),
            slices: Slices::ALL,
            firsts: false,
        }
    }

    /// Selects only events after a place that the reader has reached; from the beginning for `None`.
    ///
    /// The later of several marks counts. The recorder compares it with the log: see [`Diverged`](crate::ErrorKind::Diverged).
    pub fn after(mut self, mark: impl Into<Option<Mark>>) -> Self {
        let is_later = |mark: &Mark| self.after.is_none_or(|known| known.position() < mark.position());
        if let Some(mark) = mark.into().filter(is_later) {
            self.start = self.start.max(mark.position().get() + 1);
            self.after = Some(mark);
        }
        self
    }

    /// Selects only `position` and later ones, whichever commit has it.
    pub fn from(mut self, position: Position) -> Self {
        self.start = self.start.max(position.get());
        self
    }

    /// Selects only `position` and earlier ones.
    pub fn up_to(mut self, position: Position) -> Self {
        self.stop = self.stop.min(position.get());
        self
    }

    /// Sets the greatest number of events, counted after all other conditions.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
        self
    }

    /// Sets the greatest number of bytes of states on one page, which always holds at least one event.
    pub fn limit_bytes(mut self, bytes: usize) -> Self {
        self.limit_bytes = Some(self.limit_bytes.map_or(bytes, |known| known.min(bytes)));
        self
    }

    /// Selects only events under one of these topics; an empty list means every topic.
    pub fn topics<T: Into<Cow<'static, str>>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// Selects only events of aggregates in these slices.
    pub const fn slices(mut self, slices: Slices) -> Self {
        self.slices = slices;
        self
    }

    /// Selects only events of version 1: the first of each aggregate.
    pub const fn firsts(mut self) -> Self {
        self.firsts = true;
        self
    }

    /// Returns the mark that the range begins after, if it has one.
    pub const fn mark(&self) -> Option<Mark> {
        self.after
    }

    /// Returns the place up to which a page of this range is complete. `found` is the last place that the recorder
    /// found up to [`stop`](Self::stop). The result is never before the place that the range begins after.
    pub fn through(&self, found: Option<Mark>) -> Option<Mark> {
        let is_before = |mark: &Mark| found.is_none_or(|found| found.position() < mark.position());
        self.after.filter(is_before).or(found)
    }

    /// Returns the first and the last position, or `None` if the range is empty.
    pub fn bounds(&self) -> Option<(Position, Position)> {
        if self.start > self.stop || self.limit == Some(0) {
            return None;
        }
        Some((Position::new(self.start)?, Position::new(self.stop)?))
    }

    /// Returns the last position, even of an empty range.
    pub fn stop(&self) -> Position {
        Position::new(self.stop).unwrap_or(Position::MAX)
    }

    /// Returns the greatest number of events on one page.
    pub const fn max_count(&self) -> Option<usize> {
        self.limit
    }

    /// Returns the greatest number of bytes on one page.
    pub const fn max_bytes(&self) -> Option<usize> {
        self.limit_bytes
    }

    /// Returns whether the range holds only events of version 1.
    pub const fn is_firsts(&self) -> bool {
        self.firsts
    }

    /// Returns the topics; an empty list means every topic.
    pub fn topic_names(&self) -> &[Cow<'static, str>] {
        &self.topics
    }

    /// Returns the slices.
    pub const fn which_slices(&self) -> Slices {
        self.slices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CommitId;

    #[test]
    fn of_two_marks_the_later_counts_wherever_it_comes() {
        let mark = |position| Mark::new(Position::new(position).unwrap(), CommitId::new());
        let (early, late) = (mark(5), mark(10));
        for range in [LogRange::all().after(early).after(late), LogRange::all().after(late).after(early)] {
            assert_eq!(range.mark(), Some(late));
            assert_eq!(range.bounds().map(|(first, _)| first.get()), Some(11));
            assert_eq!(range.up_to(early.position()).through(Some(early)), Some(late));
        }
    }
}
